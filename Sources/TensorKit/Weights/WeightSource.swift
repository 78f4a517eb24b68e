public import Files
public import SystemPackage

/// Named tensors in a file, read one at a time.
public protocol WeightSource: Sendable {
  /// The file.
  var path: FilePath { get }
  /// What kind of file it is, for people to read: "safetensors", "torch (zip)" or the like.
  var format: String { get }
  /// The tensors' names, in the order of the file.
  var names: [ByteString] { get }
  /// What else the file says about itself, as text; empty if it says nothing.
  var metadata: [ByteString: ByteString] { get }
  /// The stored shape of the tensor called `name`, or nil if there is none. Reads nothing.
  func shape(of name: ByteString) -> [Int]?
  /// How the elements of the tensor called `name` are stored, or nil if there is none. Reads nothing.
  func elementType(of name: ByteString) -> ElementType?
  /// The tensor called `name`, converted to Float32; an error that names file and tensor if it is missing or broken.
  func tensor(_ name: ByteString) throws(FileError) -> Tensor
}
