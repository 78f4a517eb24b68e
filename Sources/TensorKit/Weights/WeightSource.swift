public import Files
public import SystemPackage

/// Named tensors in a file, read one at a time.
public protocol WeightSource: Sendable {
  /// The file.
  var path: FilePath { get }
  /// The tensors' names, in the order of the file.
  var names: [ByteString] { get }
  /// The stored shape of the tensor called `name`, or nil if there is none. Reads nothing.
  func shape(of name: ByteString) -> [Int]?
  /// The tensor called `name`, converted to Float32; an error that names file and tensor if it is missing or broken.
  func tensor(_ name: ByteString) throws(FileError) -> Tensor
}
