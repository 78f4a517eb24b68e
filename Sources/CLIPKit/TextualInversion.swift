package import Files
package import SystemPackage
package import TensorKit

/// A word learned from pictures: embeddings that stand for it in prompts (Gal et al. 2022, arXiv 2208.01618).
package struct TextualInversion: Sendable {
  /// The file.
  package let path: FilePath
  /// What the file calls the word; nil if it does not say. AUTOMATIC1111 and ComfyUI go by the file's name instead.
  package let name: String?
  /// [n, width].
  package let vectors: Tensor

  /// A chunk of a prompt takes no more.
  private static let mostVectors = 75

  /// Reads the inversion in `source`, in any of these forms: AUTOMATIC1111's `string_to_param`, kohya's `emb_params`,
  /// or diffusers' and others' single tensor, [n, width] or [width], under the word itself.
  package init(reading source: some WeightSource) throws(FileError) {
    path = source.path
    let names = source.names
    if names.contains("clip_g") {
      throw FileError(.malformed, path, "is a textual inversion for SDXL; one for Stable Diffusion 1.x was expected")
    }
    let trained = names.filter { $0.hasPrefix("string_to_param.") }
    let stored: ByteString
    if trained.count == 1 {
      stored = trained[0]
      name = source.metadata["name"]?.string
    } else if names.contains("emb_params") {
      stored = "emb_params"
      name = nil
    } else if names.count == 1, WeightKind(of: source).canBeInversion {
      stored = names[0]
      name = stored.bytes.isEmpty ? nil : stored.string
    } else {
      throw FileError(.malformed, path, "is \(WeightKind(of: source).description); a textual inversion was expected")
    }
    let shape = source.shape(of: stored) ?? []
    guard [1, 2].contains(shape.count), let width = shape.last, width > 0, shape.reduce(1, *) > 0 else {
      throw FileError(.malformed, path, "holds vectors of the shape \(shape); [n, 768] was expected")
    }
    let count = shape.count == 1 ? 1 : shape[0]
    guard count <= Self.mostVectors else {
      throw FileError(
        .malformed, path, "holds \(count) vectors; a prompt has room for \(Self.mostVectors) tokens at a time")
    }
    let tensor = try source.tensor(stored)
    guard tensor.isFinite(0..<tensor.count) else {
      throw FileError(.malformed, path, "holds numbers that are not finite")
    }
    vectors = tensor.reshaped([count, width])
  }

  /// Teaches `encoder` and `tokenizer` the word: it is found under the file's name, with or without `embedding:` before
  /// it, as ComfyUI writes, and under the name that the file gives it.
  package func teach(_ encoder: inout TextEncoder, _ tokenizer: inout Tokenizer) throws(FileError) {
    let (found, expected) = (vectors.width, encoder.configuration.width)
    guard found == expected else {
      throw FileError(
        .malformed, path,
        "is a textual inversion of width \(CLIPFamily.describe(width: found)); "
          + "\(CLIPFamily.describe(width: expected)) was expected")
    }
    let ids = encoder.addTokens(vectors)
    let stem = path.stem ?? ""
    for word in [stem, "embedding:" + stem, name ?? ""] where word != "*" {
      tokenizer.learnedWords.add(word, standsFor: ids, tokenizer)
    }
  }
}

extension WeightKind {
  /// Whether a file of this kind that holds one tensor may be a textual inversion: one vector looks like an aesthetic.
  fileprivate var canBeInversion: Bool { [.textualInversion, .aesthetic, .unknown].contains(kind) }
}
