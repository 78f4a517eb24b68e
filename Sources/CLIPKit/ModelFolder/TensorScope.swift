package import Files
package import SystemPackage
import Synchronization
package import TensorKit

/// The tensors of a model under the names of transformers' CLIPModel, whatever the file calls them, beginning at a place
/// in the model. A layer is built from its scope:
///
///     weight = try scope.tensor("fc1.weight", shape: [innerWidth, width])
///
/// What was taken is remembered, so that `checkAllTaken` finds what a file has too much.
package struct TensorScope: Sendable {
  /// The file, for errors.
  package var path: FilePath { model.source.path }
  /// What stands before the names, with its dot; empty for the whole model.
  let prefix: ByteString
  private let model: NamedTensors

  /// The whole model in `source`, whose names must be ones that are known.
  package init(_ source: any WeightSource) throws(FileError) {
    model = try NamedTensors(source)
    prefix = ""
  }

  private init(_ model: NamedTensors, prefix: ByteString) {
    self.model = model
    self.prefix = prefix
  }

  /// The part of the model called `name`: `text_model`, `encoder.layers.3`, `layer_norm1`.
  package func scoped(_ name: ByteString) -> TensorScope { TensorScope(model, prefix: prefix + name + ".") }

  /// Whether there is a tensor called `name` here.
  package func has(_ name: ByteString) -> Bool { model.stored[prefix + name] != nil }

  /// The shape of the tensor called `name`, or nil if there is none. Reads nothing.
  package func shape(_ name: ByteString) -> [Int]? {
    model.stored[prefix + name].flatMap { model.source.shape(of: $0) }
  }

  /// The tensor called `name`, whose shape must be `shape`. Errors name it as the file does.
  package func tensor(_ name: ByteString, shape: [Int]) throws(FileError) -> Tensor {
    let name = prefix + name
    guard let stored = model.stored[name], let found = model.source.shape(of: stored) else {
      throw FileError(.malformed, path, "has no tensor \"\(name)\" of shape \(shape), which the model needs")
    }
    guard found == shape else {
      throw FileError(.malformed, path, "the tensor \"\(stored)\" has the shape \(found); \(shape) was expected")
    }
    let tensor = try model.source.tensor(stored)
    model.taken.withLock { _ = $0.insert(name) }
    return tensor
  }

  /// Throws if there is a tensor in this scope that nobody took: then the model is another than it was taken for.
  package func checkAllTaken() throws(FileError) {
    let taken = model.taken.withLock { $0 }
    let left = model.stored.filter { name, _ in
      name.hasPrefix(prefix) && !taken.contains(name) && !TensorNaming.isIgnored(name)
    }
    guard let first = left.values.min() else { return }
    throw FileError(
      .malformed, path,
      "has \(left.count) tensor\(left.count == 1 ? "" : "s") too many for the model, such as \"\(first)\"")
  }

  /// How many blocks there are: one more than the highest n in `encoder.layers.n.…`.
  func layerCount() -> Int {
    let start = prefix + "encoder.layers."
    return model.stored.keys.reduce(0) { count, name in
      guard name.hasPrefix(start) else { return count }
      let number = name.dropping(start.bytes.count).bytes.prefix { $0 != UInt8(ascii: ".") }
      return max(count, Int(UInt16(String(decoding: number, as: UTF8.self)) ?? 0) + 1)
    }
  }
}

/// The tensors of a file by their names in transformers, and which of them were taken.
private final class NamedTensors: Sendable {
  let source: any WeightSource
  /// The file's names by those that are used here.
  let stored: [ByteString: ByteString]
  let taken = Mutex<Set<ByteString>>([])

  init(_ source: any WeightSource) throws(FileError) {
    guard let naming = TensorNaming(of: source) else {
      throw FileError(
        .malformed, source.path, "is \(WeightKind(of: source).description); a CLIP text encoder was expected")
    }
    var stored: [ByteString: ByteString] = [:]
    for name in source.names {
      guard let canonical = naming.canonical(name) else {
        if naming.isCLIPAlone {
          throw FileError(.malformed, source.path, "has the tensor \"\(name)\", which no CLIP model has")
        }
        continue
      }
      if let other = stored.updateValue(name, forKey: canonical) {
        throw FileError(.malformed, source.path, "has one tensor under two names, \"\(other)\" and \"\(name)\"")
      }
    }
    self.source = source
    self.stored = stored
  }
}
