package import Files
package import SystemPackage

extension Adapter {
  /// What the adapter adds to the parameters of `part` whose names and shapes are given, times `weight`: calls `add`
  /// with the number of each of them that changes. `model` is their file, for errors.
  package func forEachDifference(
    of part: Part, to parameters: [(name: ByteString, shape: [Int])], weight: Float, model: FilePath,
    _ add: (Int, Tensor) -> Void
  ) throws(FileError) {
    let changes = try changes(of: part, to: parameters.map(\.name), model: model)
    for (index, parameter) in parameters.enumerated() {
      guard weight != 0, let change = changes[parameter.name] else { continue }
      add(index, try difference(change, shape: parameter.shape, weight: weight))
    }
  }
}

extension TensorScope {
  /// The same tensors with what `adapters` do to this part of the model, each times its weight. The differences are
  /// made when their tensors are read, so that only one of them is in memory at a time.
  package func adding(
    _ adapters: [(adapter: Adapter, weight: Float)], to part: Adapter.Part
  ) throws(FileError) -> TensorScope {
    var additions: [ByteString: [ChangedWeights.Addition]] = [:]
    for (adapter, weight) in adapters where weight != 0 {
      for (name, change) in try adapter.changes(of: part, to: names, model: path) {
        additions[name, default: []].append(.init(adapter: adapter, change: change, weight: weight))
      }
    }
    return additions.isEmpty ? self : changed { ChangedWeights(base: $0, stored: $1, additions: additions) }
  }
}

/// The tensors of a file, some of them changed.
private struct ChangedWeights: WeightSource {
  struct Addition: Sendable {
    let adapter: Adapter
    let change: Adapter.Change
    let weight: Float
  }

  private let base: any WeightSource
  /// By the names in the file.
  private let additions: [ByteString: [Addition]]

  /// `additions` are by the layers' names, which `stored` translates.
  init(base: any WeightSource, stored: [ByteString: ByteString], additions: [ByteString: [Addition]]) {
    self.base = base
    self.additions = Dictionary(uniqueKeysWithValues: additions.map { (stored[$0.key] ?? $0.key, $0.value) })
  }

  var path: FilePath { base.path }
  var format: String { base.format }
  var names: [ByteString] { base.names }
  var metadata: [ByteString: ByteString] { base.metadata }
  func shape(of name: ByteString) -> [Int]? { base.shape(of: name) }
  // A changed weight is no longer one of half precision, and is not to be kept as one.
  func elementType(of name: ByteString) -> ElementType? {
    additions[name] == nil ? base.elementType(of: name) : .float32
  }

  func tensor(_ name: ByteString) throws(FileError) -> Tensor {
    var tensor = try base.tensor(name)
    for addition in additions[name] ?? [] {
      tensor += try addition.adapter.difference(addition.change, shape: tensor.shape, weight: addition.weight)
    }
    return tensor
  }
}
