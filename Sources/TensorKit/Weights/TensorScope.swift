package import Files
import Synchronization
package import SystemPackage

/// The tensors of a model under the names that its layers know them by, whatever the file calls them, beginning at a place
/// in the model. A layer is built from its scope:
///
///     weight = try scope.tensor("fc1.weight", shape: [innerWidth, width])
///
/// What was taken is remembered, so that `checkAllTaken` finds what a file has too much.
package struct TensorScope: Sendable {
  private let model: NamedTensors
  /// What stands before the names, with its dot; empty for the whole model.
  private let prefix: ByteString

  /// The whole model in `source`; `stored` gives the file's names by those of the layers.
  package init(_ source: any WeightSource, stored: [ByteString: ByteString]) {
    model = NamedTensors(source: source, stored: stored)
    prefix = ""
  }

  private init(_ model: NamedTensors, prefix: ByteString) {
    self.model = model
    self.prefix = prefix
  }

  /// The same scope with the file's tensors as `change` gives them, called with the source and its names by the layers'.
  func changed(
    _ change: (any WeightSource, [ByteString: ByteString]) -> any WeightSource
  ) -> TensorScope {
    precondition(prefix.bytes.isEmpty, "only whole models are changed")
    return TensorScope(change(model.source, model.stored), stored: model.stored)
  }

  /// The file, for errors.
  package var path: FilePath { model.source.path }

  /// The names of the tensors in this scope, in no particular order.
  package var names: [ByteString] {
    model.stored.keys.filter { $0.hasPrefix(prefix) }.map { $0.dropping(prefix.bytes.count) }
  }

  /// The part of the model called `name`: `text_model`, `encoder.layers.3`, `layer_norm1`.
  package func scoped(_ name: ByteString) -> TensorScope { TensorScope(model, prefix: prefix + name + ".") }

  /// Whether there is a tensor called `name` here.
  package func has(_ name: ByteString) -> Bool { model.stored[prefix + name] != nil }

  /// The shape of the tensor called `name`, or nil if there is none. Reads nothing.
  package func shape(_ name: ByteString) -> [Int]? {
    model.stored[prefix + name].flatMap { model.source.shape(of: $0) }
  }

  /// How the file stores the elements of the tensor called `name`, or nil if there is none. Reads nothing.
  package func elementType(_ name: ByteString) -> ElementType? {
    model.stored[prefix + name].flatMap { model.source.elementType(of: $0) }
  }

  /// The tensor called `name`, whose shape must be `shape`. Errors name it as the file does.
  package func tensor(_ name: ByteString, shape: [Int]) throws(FileError) -> Tensor {
    let name = prefix + name
    guard let stored = model.stored[name], let found = model.source.shape(of: stored) else {
      throw error("has no tensor \"\(name)\" of shape \(shape), which the model needs")
    }
    guard found == shape else {
      throw error("the tensor \"\(stored)\" has the shape \(found); \(shape) was expected")
    }
    let tensor = try model.source.tensor(stored)
    model.taken.withLock { _ = $0.insert(name) }
    return tensor
  }

  /// Throws if there is a tensor in this scope that nobody took: then the model is another than it was taken for.
  package func checkAllTaken() throws(FileError) {
    let taken = model.taken.withLock { $0 }
    let left = model.stored.filter { name, _ in name.hasPrefix(prefix) && !taken.contains(name) }
    guard let first = left.values.min() else { return }
    throw error("has \(left.count) tensor\(left.count == 1 ? "" : "s") too many for the model, such as \"\(first)\"")
  }

  /// An error about the file.
  package func error(_ problem: String) -> FileError { FileError(.malformed, path, problem) }
}

/// The tensors of a file by the layers' names, and which of them were taken.
private final class NamedTensors: Sendable {
  let source: any WeightSource
  let stored: [ByteString: ByteString]
  let taken = Mutex<Set<ByteString>>([])

  init(source: any WeightSource, stored: [ByteString: ByteString]) {
    self.source = source
    self.stored = stored
  }
}
