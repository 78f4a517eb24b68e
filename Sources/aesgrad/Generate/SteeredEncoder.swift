import Aesthetic
import CLIPKit
import Files
import TensorKit

/// Texts to conditionings that meet a taste. What took long is kept in the store, if there is one.
final class SteeredEncoder {
  private let plain: PromptEncoder
  private let steering: Steering
  private let settings: TasteSettings
  private let kept: (store: Store, model: StoredModel)?
  private let aim: Aim?
  private let quiet: Bool
  private var tuned: PromptEncoder?
  private var known: [String: Tensor] = [:]

  /// Where steps lead.
  struct Aim {
    /// To the space of CLIP's features.
    let projection: TextProjection
    /// [features] of length 1.
    let target: Tensor
  }

  /// `aim` is needed for steps on the prompts themselves.
  init(
    _ plain: PromptEncoder, _ steering: Steering, _ settings: TasteSettings, aim: Aim?,
    keepingIn kept: (store: Store, model: StoredModel)?, quiet: Bool
  ) {
    (self.plain, self.steering, self.settings) = (plain, steering, settings)
    (self.aim, self.kept, self.quiet) = (aim, kept, quiet)
  }

  /// [77, width] for each 75 tokens of the text, one below the other.
  func conditioning(_ text: String) throws -> Tensor {
    // An empty text asks for nothing, so there is nothing to move.
    if text.isEmpty { return try plain.conditioning(text) }
    if let known = known[text] { return known }
    let key = kept.map { kept in
      let target = aim.map { ["Aesthetic target": $0.target.sha256(0..<$0.target.count)] } ?? [:]
      return ConditioningKey(
        model: kept.model, prompt: text, settings: steering.key.merging(plain.key) { $1 }.merging(target) { $1 })
    }
    let found = try key.flatMap { try kept?.store.conditioning($0) }
    let conditioning = try found ?? (steering.delta.map { try withDelta($0, text) } ?? personalised(text))
    if found == nil, let key { try kept?.store.keep(conditioning, key) }
    known[text] = conditioning
    return conditioning
  }

  private func withDelta(_ delta: Delta, _ text: String) throws -> Tensor {
    let encoder = try tuned ?? plain.adding(delta)
    tuned = encoder
    return try encoder.conditioning(text)
  }

  /// After steps of Adam on this text (Gallego 2022).
  private func personalised(_ text: String) throws -> Tensor {
    guard let aim, steering.weight > 0 else { return try plain.conditioning(text) }
    let texts = try plain.chunks(of: text).map(\.ids)
    let personalizer = Personalizer(
      projection: aim.projection, target: aim.target, steps: settings.steps,
      learningRate: settings.learningRate)
    let moved = try Progress.over(settings.steps, "personalising, steps", quiet: quiet) { progress in
      var isFirst = true
      return try plain.changed { encoder in
        _ = try personalizer(&encoder, texts: texts) { _ in
          try Interruption.check()
          if !isFirst { progress.advance() }
          isFirst = false
        }
      }
    }
    return blended(
      try plain.conditioning(text), try moved.conditioning(text), weight: steering.weight, .linear)
  }
}
