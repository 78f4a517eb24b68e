import Aesthetic
import ArgumentParser
import CLIPKit
import Files
import TensorKit

/// Texts to conditionings, each once.
final class PromptEncoder {
  private let encoder: TextEncoder
  private let tokenizer: Tokenizer
  private let model: ModelLocation
  private let clipSkip: Int
  private let syntax: PromptSyntax
  private var known: [String: Tensor] = [:]

  /// With the text encoder of `model`, to the layer that `settings` say.
  convenience init(
    _ model: ModelLocation, _ tokenizer: Tokenizer, _ settings: GenerationSettings
  ) throws {
    let encoder = try TextEncoder(model)
    let layers = encoder.configuration.layerCount
    guard settings.clipSkip <= layers else {
      throw ValidationError("--clip-skip \(settings.clipSkip): the text encoder has \(layers) layers")
    }
    self.init(encoder, tokenizer, model, clipSkip: settings.clipSkip, syntax: settings.syntax)
  }

  private init(
    _ encoder: TextEncoder, _ tokenizer: Tokenizer, _ model: ModelLocation, clipSkip: Int, syntax: PromptSyntax
  ) {
    (self.encoder, self.tokenizer, self.model) = (encoder, tokenizer, model)
    (self.clipSkip, self.syntax) = (clipSkip, syntax)
  }

  /// The same with an encoder that `change` has changed.
  func changed<Failure: Error>(
    _ change: (inout TextEncoder, ModelLocation) throws(Failure) -> Void
  ) throws(Failure) -> PromptEncoder {
    var encoder = encoder
    try change(&encoder, model)
    return PromptEncoder(encoder, tokenizer, model, clipSkip: clipSkip, syntax: syntax)
  }

  /// The text encoder as the store knows it; this takes a while.
  var storedModel: StoredModel {
    StoredModel(
      fingerprint: encoder.fingerprint, kind: .textEncoder, name: model.name, width: encoder.configuration.width)
  }

  /// What decides on conditionings besides the text and the encoder.
  var key: [String: String] { ["clip skip": "\(clipSkip)", "emphasis": "\(syntax)"] }

  /// The tokens of the text.
  func chunks(of text: String) throws(FileError) -> [PromptChunk] {
    try tokenizer.chunks(ofPrompt: text, syntax, for: encoder.configuration, of: model)
  }

  /// [77, width] for each 75 tokens of the text, one below the other.
  func conditioning(_ text: String) throws(FileError) -> Tensor {
    if let known = known[text] { return known }
    let conditioning = encoder.conditioning(try chunks(of: text), clipSkip: clipSkip)
    guard conditioning.isFinite(0..<conditioning.count) else {
      throw FileError(.malformed, model.path, "has a text encoder that gives numbers which are not finite")
    }
    known[text] = conditioning
    return conditioning
  }
}
