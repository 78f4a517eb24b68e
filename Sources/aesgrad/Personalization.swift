import Aesthetic
import CLIPKit
import Files
import TensorKit

/// Prompts being personalised: the text encoder moves, and what it was before is kept as far as it is needed.
struct Personalization {
  let text: TextSide
  let prompts: [String]
  let options: PersonalizationOptions
  /// How far Adam goes in a step.
  let learningRate: Double
  private(set) var encoder: TextEncoder
  private let mode: Personalizer.Mode
  private let chunks: [[PromptChunk]]
  /// The sequences that take part. Empty prompts do not, nor did they in the published code: they mostly stand for no
  /// prompt at all.
  private let trained: [[Int]]
  /// The similarity before the first and after every step.
  private(set) var similarities: [Float] = []

  init(_ text: TextSide, _ options: PersonalizationOptions, _ prompts: [String]) throws {
    try self.init(text, options, prompts, text.encoder())
  }

  private init(
    _ text: TextSide, _ options: PersonalizationOptions, _ prompts: [String], _ encoder: TextEncoder
  ) throws {
    (self.text, self.options, self.prompts, self.encoder) = (text, options, prompts, encoder)
    learningRate = options.learningRate ?? text.model.usualLearningRate
    mode = try options.movement(width: encoder.configuration.width)
    chunks = try text.chunks(of: prompts, encoder.configuration)
    trained = zip(prompts, chunks).filter { !$0.0.isEmpty }.flatMap(\.1).map(\.ids)
  }

  /// The encoder as it is now, with other prompts.
  func on(_ prompts: [String]) throws -> Personalization {
    try Personalization(text, options, prompts, encoder)
  }

  /// Whether no prompt takes part.
  var isIdle: Bool { trained.isEmpty }

  /// The feature of `words`, of which there are at most as many as the encoder takes.
  func feature(of words: String) throws(FileError) -> Tensor {
    text.projection(encoder.pooled([try text.chunks(of: [words], encoder.configuration)[0][0].ids]))
  }

  /// The mean similarity of the prompts' features to `target`, [features] of length 1.
  func similarity(to target: Tensor) -> Float {
    let texts = chunks.flatMap(\.self).map(\.ids)
    let features = text.projection(encoder.pooled(texts))
    return cosineSimilarity(features, target: target).reduce(0, +) / Float(texts.count)
  }

  /// What the picture model is given for the first prompt.
  func conditioning(clipSkip: Int) -> Tensor { encoder.conditioning(chunks[0], clipSkip: clipSkip) }

  /// Takes the steps towards `target`, [features] of length 1; or up to `most` of them, until the similarity is `sufficient`.
  mutating func run(towards target: Tensor, most: Int? = nil, sufficient: Float? = nil, quiet: Bool) throws {
    let steps = isIdle ? 0 : most ?? options.steps
    let personalizer = Personalizer(
      projection: text.projection, target: target, steps: steps, learningRate: learningRate,
      mode: mode, sufficientSimilarity: sufficient ?? options.until)
    let texts = isIdle ? chunks.flatMap(\.self).map(\.ids) : trained
    similarities = try Progress.over(steps, "steps", quiet: quiet) { progress in
      var isFirst = true
      return try personalizer(&encoder, texts: texts) { _ in
        try Interruption.check()
        if !isFirst { progress.advance() }
        isFirst = false
      }
    }
  }

  /// The change since the encoder was read, when its fingerprint was `base`.
  func delta(base: String) throws -> Delta {
    var delta: Delta
    switch mode {
    case .exact:
      delta = try Delta(from: text.model.textEncoder().weights, to: encoder, tokens: trained, base: base)
    case .lowRank(let rank):
      delta = Delta(termsOf: encoder, base: base)
      delta.settings.rank = rank
    }
    delta.settings.mode = (options.mode ?? .exact).rawValue
    delta.settings.steps = similarities.count - 1
    delta.settings.learningRate = learningRate
    var hash = SHA256()
    for prompt in prompts { hash.update(Array((prompt + "\n").utf8).span) }
    delta.settings.promptsHash = hash.finish()
    if let before = similarities.first, let after = similarities.last { delta.similarity = (before, after) }
    return delta
  }
}
