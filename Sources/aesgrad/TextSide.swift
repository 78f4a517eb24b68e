import Aesthetic
import ArgumentParser
import CLIPKit
import Files
import SystemPackage
import TensorKit

/// What turns texts into conditioning and features: the model's text encoder, and tokenizer and projection of a CLIP.
struct TextSide {
  let model: ModelLocation
  let tokenizer: Tokenizer
  let projection: TextProjection
  /// What all pictures share to the CLIP model, where its folder says so.
  private let pictureMean: Aesthetic?

  /// The file in a CLIP model's folder that holds it: the mean of the features of many and various pictures, as `aesgrad
  /// embed` writes it.
  static let pictureMeanFile = "picture_mean.safetensors"

  /// Finds the parts and reads all but the encoder's weights, which take the longest: so bad options are refused at once.
  init(_ models: ModelOptions) throws {
    let clip = try models.namedCLIP()
    guard let model = try models.usualModel() ?? clip else {
      throw ValidationError("No model is named: -m names one, or $AESGRAD_MODEL")
    }
    self.model = model
    tokenizer = try models.tokenizer()
    if clip == nil, let own = try TextProjection(besideTextEncoderOf: model) {
      projection = own
    } else {
      projection = try TextProjection(models.clipModel(), fitting: model)
    }
    guard projection.weight.isFinite(0..<projection.weight.count) else {
      throw FileError(.malformed, clip?.path ?? model.path, "has a text projection with numbers that are not finite")
    }
    // A text encoder that brings its projection needs no CLIP model beside it.
    let file = (try? models.clipModel())?.path.appending(Self.pictureMeanFile)
    let width = projection.weight.shape[0]
    pictureMean = try file.flatMap { $0.isFile ? try Aesthetic(reading: WeightFile.open($0), width: width) : nil }
  }

  /// What steps towards an aesthetic aim at, [features] of length 1: the aesthetic as published, or, where the CLIP model
  /// says what all pictures share, what sets it apart from that.
  func target(_ aesthetic: Aesthetic) throws(FileError) -> Tensor {
    guard let pictureMean else { return aesthetic.direction }
    guard let target = aesthetic.direction(apartFrom: pictureMean) else {
      throw FileError(
        .malformed, model.path, "has a CLIP model to which this aesthetic says no more than what all pictures share")
    }
    return target
  }

  /// The text encoder, all of whose weights have been found finite.
  func encoder() throws(FileError) -> TextEncoder {
    let encoder = try TextEncoder(model)
    try encoder.checkFinite(model.path)
    return encoder
  }

  /// The tokens of each prompt, in chunks where it is long.
  func chunks(of prompts: [String], _ configuration: TextConfiguration) throws(FileError) -> [[PromptChunk]] {
    var all: [[PromptChunk]] = []
    for prompt in prompts { all.append(try tokenizer.chunks(ofPrompt: prompt, for: configuration, of: model)) }
    return all
  }
}

extension Tokenizer {
  /// The tokens of a prompt for the text encoder of `model`, in chunks where it is long, with its emphasis.
  func chunks(
    ofPrompt prompt: String, _ syntax: PromptSyntax = .automatic1111, for configuration: TextConfiguration,
    of model: ModelLocation
  ) throws(FileError) -> [PromptChunk] {
    let chunks = chunks(of: PromptPiece.pieces(of: prompt, syntax: syntax), length: configuration.positionCount)
    for chunk in chunks { try configuration.checkKnows(chunk.ids, model) }
    return chunks
  }
}

extension TextConfiguration {
  /// Throws if there is a token among `ids` for which the text encoder of `model` has no embedding.
  func checkKnows(_ ids: [Int], _ model: ModelLocation) throws(FileError) {
    guard let highest = ids.max(), highest >= vocabularySize else { return }
    throw FileError(
      .malformed, model.path,
      "has a text encoder for \(vocabularySize) tokens; the tokenizer gives the token \(highest)",
      hint: "--clip names the CLIP model whose tokenizer belongs to it")
  }
}

extension TextProjection {
  /// The projection of the CLIP model `clip`, which must fit the text encoder of `model`: checkpoints bring none.
  init(_ clip: ModelLocation, fitting model: ModelLocation) throws(FileError) {
    try self.init(clip)
    let (found, expected) = (weight.shape[1], try model.textEncoder().configuration.width)
    guard found == expected else {
      throw FileError(
        .malformed, clip.path,
        "has a text projection of width \(found); \(expected) was expected, as in \(model.path.printable)")
    }
  }
}
