import Aesthetic
import ArgumentParser
import CLIPKit
import Files
import TensorKit

/// Texts to conditionings, each once.
final class PromptEncoder {
  /// As the model has them.
  private let original: (encoder: TextEncoder, tokenizer: Tokenizer)
  /// With what files of other programs add.
  private let encoder: TextEncoder
  private let tokenizer: Tokenizer
  private let model: ModelLocation
  private let attachments: Attachments
  private let clipSkip: Int
  private let syntax: PromptSyntax
  private var known: [String: Tensor] = [:]

  /// With the text encoder of `model`, changed by `attachments`, to the layer that `settings` say.
  convenience init(
    _ model: ModelLocation, _ tokenizer: Tokenizer, _ attachments: Attachments, _ settings: GenerationSettings
  ) throws {
    let original = (encoder: try TextEncoder(model), tokenizer: tokenizer)
    let layers = original.encoder.configuration.layerCount
    guard settings.clipSkip <= layers else {
      throw ValidationError("--clip-skip \(settings.clipSkip): the text encoder has \(layers) layers")
    }
    var (encoder, tokenizer) = original
    try attachments.apply(to: &encoder, &tokenizer, of: model)
    self.init(
      original, encoder, tokenizer, model, attachments, clipSkip: settings.clipSkip, syntax: settings.syntax)
  }

  private init(
    _ original: (encoder: TextEncoder, tokenizer: Tokenizer), _ encoder: TextEncoder, _ tokenizer: Tokenizer,
    _ model: ModelLocation, _ attachments: Attachments, clipSkip: Int, syntax: PromptSyntax
  ) {
    (self.original, self.encoder, self.tokenizer, self.model) = (original, encoder, tokenizer, model)
    (self.attachments, self.clipSkip, self.syntax) = (attachments, clipSkip, syntax)
  }

  /// The same with `delta`, which belongs to the encoder as the model has it.
  func adding(_ delta: Delta) throws(FileError) -> PromptEncoder {
    var (encoder, tokenizer) = original
    try delta.apply(to: &encoder, path: model.path, model: model.path)
    try attachments.apply(to: &encoder, &tokenizer, of: model)
    return PromptEncoder(
      original, encoder, tokenizer, model, attachments, clipSkip: clipSkip, syntax: syntax)
  }

  /// The same with an encoder that `change` has changed.
  func changed<Failure: Error>(_ change: (inout TextEncoder) throws(Failure) -> Void) throws(Failure) -> PromptEncoder {
    var encoder = encoder
    try change(&encoder)
    return PromptEncoder(
      original, encoder, tokenizer, model, attachments, clipSkip: clipSkip, syntax: syntax)
  }

  /// The text encoder as the store knows it; this takes a while.
  var storedModel: StoredModel {
    StoredModel(
      fingerprint: original.encoder.fingerprint, kind: .textEncoder, name: model.name,
      width: original.encoder.configuration.width)
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
