import ArgumentParser
import CLIPKit
import Files
import TensorKit

/// What it takes to encode texts: the model's text encoder, a tokenizer, and the projection of a CLIP model.
struct TextSetup {
  let model: ModelLocation
  let encoder: TextEncoder
  let tokenizer: Tokenizer
  /// The way to the pictures' space; nil where no CLIP model was named and none is needed.
  let projection: TextProjection?

  /// The length of the sequences.
  var length: Int { encoder.configuration.positionCount }

  /// Loads what `options` name.
  init(_ options: ModelOptions, clipSkip: Int, needsProjection: Bool) throws {
    let clip = needsProjection ? try options.clipModel() : try options.namedCLIP()
    guard let model = try options.namedModel() ?? (try options.namedCLIP()) else {
      throw ValidationError("No model is named: -m names one, or $AESGRAD_MODEL")
    }
    self.model = model
    tokenizer = try options.tokenizer()
    let encoder = try TextEncoder(model)
    self.encoder = encoder
    guard clipSkip <= encoder.configuration.layerCount else {
      throw ValidationError(
        "--clip-skip \(clipSkip): the text encoder has \(encoder.configuration.layerCount) layers")
    }
    projection = try clip.map { try Self.projection(of: $0, for: encoder, model) }
    guard tokenizer.count <= encoder.configuration.vocabularySize else {
      throw FileError(
        .malformed, model.path,
        "has embeddings for \(encoder.configuration.vocabularySize) tokens; the tokenizer has \(tokenizer.count)")
    }
  }

  /// The ids of `text`, start, end and padding included; says so if some do not fit.
  func ids(_ text: String, quiet: Bool) -> [Int] {
    let count = tokenizer.ids(for: text).count
    if count > length - 2, !quiet {
      Console.note("note: the text has \(count) tokens; all but the first \(length - 2) are cut off")
    }
    return tokenizer.encode(text, length: length)
  }

  /// The projection of the CLIP model, which must fit the text encoder: checkpoints bring none of their own.
  private static func projection(
    of clip: ModelLocation, for encoder: TextEncoder, _ model: ModelLocation
  ) throws(FileError) -> TextProjection {
    let projection = try TextProjection(clip)
    let (found, expected) = (projection.weight.shape[1], encoder.configuration.width)
    guard found == expected else {
      throw FileError(
        .malformed, clip.path,
        "has a text projection of width \(found); \(expected) was expected, as in \(model.path.printable)")
    }
    return projection
  }
}
