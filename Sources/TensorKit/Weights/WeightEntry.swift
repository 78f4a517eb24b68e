public import Files

/// A tensor to be written to a file: its name, and how its elements are stored there.
public struct WeightEntry {
  /// The name in the file.
  public let name: ByteString
  /// The shape in the file.
  public let shape: [Int]
  /// How the elements are stored: float32, float16 (rounded to nearest, ties to even) or int64 (towards zero).
  public let type: ElementType
  /// Gives the tensor when its turn comes.
  let tensor: () throws -> Tensor

  /// An entry for a tensor at hand.
  public init(_ name: ByteString, _ tensor: Tensor, as type: ElementType = .float32) {
    self.init(name, shape: tensor.shape, as: type) { tensor }
  }

  /// An entry whose tensor of `shape` is made only when it is written, so that not all have to be in memory at once.
  public init(_ name: ByteString, shape: [Int], as type: ElementType = .float32, tensor: @escaping () throws -> Tensor)
  {
    precondition([.float32, .float16, .int64].contains(type), "\(type.rawValue) numbers cannot be written")
    self.name = name
    self.shape = shape
    self.type = type
    self.tensor = tensor
  }

  /// The bytes that the elements take in the file.
  var byteCount: Int { shape.reduce(type.bitWidth / 8, *) }

  /// Makes the tensor and lends its bytes as stored to `body`, a chunk at a time.
  func withStoredBytes(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let tensor = try tensor()
    precondition(tensor.shape == shape, "the tensor \"\(name)\" is \(tensor.shape), \(shape) was announced")
    try unsafe tensor.withUnsafeElements { elements in try unsafe type.withStoredBytes(elements, body) }
  }
}
