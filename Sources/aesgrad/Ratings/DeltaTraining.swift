import Aesthetic
import CLIPKit
import Files
import TensorKit

/// A delta trained over a set of prompts, and how far it carries over to others.
struct DeltaTraining {
  let delta: Delta
  /// The text encoder that it belongs to.
  let model: StoredModel
  let report: Report

  struct Report: Encodable {
    let mode: String
    let prompts: Int
    /// The prompts' mean similarity to the aesthetic before the first and after every step.
    let similarity: [Float]
    /// What the steps asked for bring prompts to that have them for themselves: where the steps on all end.
    let ownSteps: Float?
    let seconds: Double
    let unseen: Unseen?
  }

  /// What becomes of prompts that took no part in the training: their mean similarities to the aesthetic.
  struct Unseen: Encodable {
    let prompts: Int
    /// Without the delta.
    let plain: Float
    /// With the delta.
    let delta: Float
    /// After as many steps for each prompt alone.
    let ownSteps: Float
    /// How much of the rise of `ownSteps` the delta brings.
    var share: Float { (delta - plain) / (ownSteps - plain) }
  }

  /// So many of the prompts say how far steps on one alone lead.
  private static let mostAlone = 6
  /// So many times the steps asked for are enough for all prompts together.
  private static let mostTimes = 3

  /// Trains over `prompts` towards `aesthetic`, which is in the space of the CLIP model at `clip`.
  ///
  /// Prompts that share their steps get less far with each, since they do not agree on where to go. So that a number of steps
  /// means as much for a delta as for a single prompt, there are as many as it takes to bring the prompts to where they
  /// would be after that number on each alone, unless a similarity to stop at is asked for.
  init(
    _ text: TextSide, _ options: PersonalizationOptions, _ prompts: [String], towards aesthetic: Aesthetic,
    model clip: ModelLocation, quiet: Bool
  ) throws {
    let width = text.projection.weight.shape[0]
    guard width == aesthetic.width else {
      throw FileError(
        .malformed, text.model.path,
        "has text features of width \(width); pictures have \(aesthetic.width) by "
          + clip.path.printable)
    }
    let target = try text.target(aesthetic)
    let plain = try Personalization(text, options, prompts)
    let base = plain.encoder.fingerprint
    model = StoredModel(
      fingerprint: base, kind: .textEncoder, name: text.model.name, width: plain.encoder.configuration.width)
    var work = plain
    let clock = ContinuousClock()
    let start = clock.now
    let ownSteps = options.until == nil ? try Self.reached(alone: prompts, plain, target, quiet: quiet) : nil
    try work.run(
      towards: target, most: ownSteps.map { _ in Self.mostTimes * options.steps }, sufficient: ownSteps, quiet: quiet)
    let seconds = (clock.now - start).seconds
    delta = try work.delta(base: base)
    let unseen = text.model.neutralPrompts.unseen.filter { !prompts.contains($0) }
    report = Report(
      mode: delta.settings.mode, prompts: prompts.count, similarity: work.similarities, ownSteps: ownSteps,
      seconds: seconds,
      unseen: try Self.measure(unseen, plain: plain, trained: work, target, quiet: quiet))
  }

  /// The mean similarity that prompts reach by steps on each alone, some of them asked; nil with none that takes part.
  private static func reached(
    alone prompts: [String], _ plain: Personalization, _ target: Tensor, quiet: Bool
  ) throws -> Float? {
    let asked = prompts.filter { !$0.isEmpty }
    guard asked.count > 1 else { return nil }
    let count = min(asked.count, mostAlone)
    var sum: Float = 0
    try Progress.over(count, "prompts alone", quiet: quiet) { progress in
      for index in 0..<count {
        var alone = try plain.on([asked[index * asked.count / count]])
        try alone.run(towards: target, quiet: true)
        sum += alone.similarities.last ?? 0
        progress.advance()
      }
    }
    return sum / Float(count)
  }

  private static func measure(
    _ prompts: [String], plain: Personalization, trained: Personalization, _ target: Tensor, quiet: Bool
  ) throws -> Unseen? {
    guard !prompts.isEmpty else { return nil }
    var (before, with, own): (Float, Float, Float) = (0, 0, 0)
    try Progress.over(prompts.count, "unseen prompts", quiet: quiet) { progress in
      for prompt in prompts {
        with += try trained.on([prompt]).similarity(to: target)
        var alone = try plain.on([prompt])
        try alone.run(towards: target, quiet: true)
        before += alone.similarities.first ?? 0
        own += alone.similarities.last ?? 0
        progress.advance()
      }
    }
    let count = Float(prompts.count)
    return Unseen(prompts: prompts.count, plain: before / count, delta: with / count, ownSteps: own / count)
  }
}

extension DeltaTraining.Report {
  /// The report for people to read.
  var lines: [String] {
    guard let first = similarity.first, let last = similarity.last else { return [] }
    let steps = similarity.count - 1
    var lines = [
      "delta (\(mode)) over \(counted(prompts, "prompt")): similarity \(rounded(first, 4)) \(sparkline(similarity)) "
        + "\(rounded(last, 4)), \(counted(steps, "step")) in \(rounded(seconds, 1)) s"
    ]
    if let unseen {
      lines.append(
        "\(counted(unseen.prompts, "prompt")) it was not trained on: similarity \(rounded(unseen.plain, 4)) to "
          + "\(rounded(unseen.delta, 4)) with the delta, \(rounded(unseen.ownSteps, 4)) with steps for each "
          + "(the delta brings \(rounded(unseen.share * 100, 0)) % of that)")
    }
    return lines
  }
}
