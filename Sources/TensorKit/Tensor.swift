/// Float32 numbers in row-major order, with a shape.
///
/// A value: assigning one copies it as far as anybody can tell. The elements stand in memory aligned for vector
/// instructions, shared between copies until one of them is written to. Shapes are the caller's promise to an operation
/// and are checked with preconditions; whatever comes from a file is checked before it becomes a tensor.
public struct Tensor: Sendable {
  /// The length of each axis, outermost first; empty for a single number.
  public private(set) var shape: [Int]
  private var storage: Storage

  /// The number of elements.
  public var count: Int { storage.count }

  /// A tensor of zeros.
  public init(zeros shape: [Int]) {
    unsafe self.init(uninitialized: shape) { unsafe $0.update(repeating: 0) }
  }

  /// A tensor of these elements, in row-major order.
  public init(_ elements: [Float], shape: [Int]) {
    precondition(elements.count == shape.reduce(1, *), "\(elements.count) elements for shape \(shape)")
    unsafe self.init(uninitialized: shape) { buffer in _ = unsafe buffer.update(fromContentsOf: elements) }
  }

  /// Numbers evenly distributed between -scale and scale, the same for every seed each time (xorshift, Marsaglia 2003).
  package init(randomWithSeed seed: UInt64, shape: [Int], scale: Float) {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    unsafe self.init(uninitialized: shape) { elements in
      for index in elements.indices {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        unsafe elements[index] = (Float(state >> 40) / Float(1 << 23) - 1) * scale
      }
    }
  }

  /// A tensor whose every element `fill` writes. It must: nothing has been put there before.
  @unsafe package init<Failure: Error>(
    uninitialized shape: [Int], _ fill: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Void
  ) throws(Failure) {
    self.shape = shape
    storage = Storage(count: shape.reduce(1, *))
    try unsafe fill(storage.buffer)
  }

  /// The elements in row-major order.
  public var elements: [Float] { unsafe withUnsafeElements { unsafe Array($0) } }

  /// The element of a tensor that has only one.
  public var scalar: Float {
    precondition(count == 1, "a tensor of shape \(shape) is not a single number")
    return unsafe storage.buffer[0]
  }

  /// The same elements under another shape of as many elements.
  public func reshaped(_ shape: [Int]) -> Tensor {
    precondition(shape.reduce(1, *) == count, "\(self.shape) cannot take the shape \(shape)")
    var result = self
    result.shape = shape
    return result
  }

  /// Lends the elements to `body`, for the time of the call only.
  @unsafe package func withUnsafeElements<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try unsafe body(UnsafeBufferPointer(storage.buffer))
  }

  /// Lends the elements to `body` for writing, for the time of the call only. Other copies of the tensor do not change.
  @unsafe package mutating func withUnsafeMutableElements<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
    defer { withExtendedLifetime(storage) {} }
    return try unsafe body(storage.buffer)
  }
}

/// The memory of a tensor. Only a tensor that alone holds it writes to it, so sharing it between threads is safe.
@safe private final class Storage: @unchecked Sendable {
  let buffer: UnsafeMutableBufferPointer<Float>
  var count: Int { unsafe buffer.count }

  init(count: Int) {
    precondition(count >= 0, "a tensor cannot have \(count) elements")
    let memory = unsafe TensorMemory.take(byteCount: count * 4)
    unsafe buffer = UnsafeMutableBufferPointer(start: memory.bindMemory(to: Float.self, capacity: count), count: count)
  }

  deinit { unsafe TensorMemory.giveBack(UnsafeMutableRawPointer(buffer.baseAddress), byteCount: count * 4) }

  func copy() -> Storage {
    let copy = Storage(count: count)
    _ = unsafe copy.buffer.update(fromContentsOf: buffer)
    return copy
  }
}
