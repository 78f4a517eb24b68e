package import Files
package import SystemPackage
package import TensorKit

/// A hypernetwork of AUTOMATIC1111's kind: small perceptrons that change what the keys and values of the UNet's
/// attention are made from, by its width: the conditioning's in cross-attention, the pictures' in self-attention.
package struct Hypernetwork: Sendable {
  /// The file.
  package let path: FilePath
  private let modules: [Int: (keys: HypernetworkModule, values: HypernetworkModule)]

  /// The widths at which it changes something, rising.
  package var widths: [Int] { modules.keys.sorted() }

  /// Reads the hypernetwork in `source`, as web interfaces save it: for each width a pair of modules.
  package init(reading source: any WeightSource) throws(FileError) {
    path = source.path
    let shape = try HypernetworkShape(source)
    var stored: [ByteString: ByteString] = [:]
    var widths: Set<Int> = []
    for name in source.names {
      guard let text = name.string, let dot = text.firstIndex(of: "."), let width = Int(text[..<dot]),
        (1...1 << 14).contains(width), ["0", "1"].contains(text[dot...].dropFirst().prefix { $0 != "." })
      else {
        throw FileError(
          .malformed, source.path, "has the tensor \"\(name)\", which no hypernetwork has",
          hint: "`aesgrad info` says what the file is")
      }
      widths.insert(width)
      // The oldest files number the two maps in their names.
      let present = text.replacing(".linear1.", with: ".linear.0.").replacing(".linear2.", with: ".linear.1.")
      if let other = stored.updateValue(name, forKey: ByteString(present)) {
        throw FileError(.malformed, source.path, "has one tensor under two names, \"\(other)\" and \"\(name)\"")
      }
    }
    guard !widths.isEmpty else {
      throw FileError(.malformed, source.path, "holds no tensors; a hypernetwork was expected")
    }
    let scope = TensorScope(source, stored: stored)
    var modules: [Int: (keys: HypernetworkModule, values: HypernetworkModule)] = [:]
    for width in widths {
      let place = scope.scoped(ByteString("\(width)"))
      modules[width] = (
        try HypernetworkModule(from: place.scoped("0"), width: width, shape),
        try HypernetworkModule(from: place.scoped("1"), width: width, shape)
      )
    }
    try scope.checkAllTaken()
    self.modules = modules
    try checkFinite(source)
  }

  private func checkFinite(_ source: any WeightSource) throws(FileError) {
    for name in source.names {
      let tensor = try source.tensor(name)
      guard tensor.isFinite(0..<tensor.count) else {
        throw FileError(.malformed, path, "the tensor \"\(name)\" holds numbers that are not finite")
      }
    }
  }

  /// What keys are made from in place of x [.., width]; nil if it has no module for that.
  package func keys(_ x: Tensor, strength: Float) -> Tensor? { modules[x.width]?.keys(x, strength: strength) }

  /// What keys and values are made from in place of `keys` and `values` of its width; nil if it has no modules for
  /// that.
  fileprivate func seen(_ keys: Tensor, _ values: Tensor, strength: Float) -> (keys: Tensor, values: Tensor)? {
    modules[keys.width].map { ($0.keys(keys, strength: strength), $0.values(values, strength: strength)) }
  }
}

/// A hypernetwork, and how much of it.
package struct WeightedHypernetwork: Sendable {
  let network: Hypernetwork
  package let strength: Float

  /// A hypernetwork with a strength; 1 is as trained, 0 is nothing.
  package init(_ network: Hypernetwork, strength: Float) {
    self.network = network
    self.strength = strength
  }
}

extension [WeightedHypernetwork] {
  /// What keys and values are made from in place of x, one hypernetwork after the other; nil if that is x for both.
  func seen(_ x: Tensor) -> (keys: Tensor, values: Tensor)? {
    var result: (keys: Tensor, values: Tensor)?
    for weighted in self where weighted.strength != 0 {
      let (keys, values) = result ?? (x, x)
      result = weighted.network.seen(keys, values, strength: weighted.strength) ?? result
    }
    return result
  }
}
