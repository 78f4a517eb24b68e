package import Files

/// A part of a file's tensors, those whose names begin with a prefix.
package struct TensorScope: Sendable {
  private let source: any WeightSource
  private let prefix: ByteString
  package init(_ source: any WeightSource, prefix: ByteString = "") {
    self.source = source
    self.prefix = prefix
  }
  package func scope(_ name: ByteString) -> TensorScope { TensorScope(source, prefix: prefix + name + ".") }
  package func tensor(_ name: ByteString, shape: [Int]) throws(FileError) -> Tensor {
    let tensor = try source.tensor(prefix + name)
    guard tensor.shape == shape else {
      throw FileError(
        .malformed, source.path, "tensor \"\(prefix + name)\" has the shape \(tensor.shape), expected \(shape)")
    }
    return tensor
  }
  /// An error about the file.
  package func error(_ problem: String) -> FileError { FileError(.malformed, source.path, problem) }
}
