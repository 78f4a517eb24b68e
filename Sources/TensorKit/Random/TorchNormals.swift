import CKernels
import Foundation

/// The numbers that `torch.randn` draws from a CPU generator, bit for bit, so that diffusers starts from the same noise.
///
/// Tensors of 16 elements or more are filled with uniform numbers of 24 bits, of which each block of 16 becomes normal
/// (`ag_torch_normals`); where the length is no multiple of 16, the last 16 elements are drawn again. Smaller tensors are
/// drawn one by one in Float64, and of two numbers that are made together the second is kept for the next draw.
package struct TorchNormals: NormalSource {
  private var generator: MersenneTwister
  /// The second of two numbers made together, where nobody has asked for it yet.
  private var kept: Double?

  /// What `torch.Generator("cpu").manual_seed(seed)` is: of the seed, the lower 32 bits count.
  package init(seed: UInt64) { generator = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed)) }

  package mutating func normals(_ shape: [Int]) -> Tensor {
    let count = shape.reduce(1, *)
    var elements = [Float]()
    elements.reserveCapacity(count)
    guard count >= Self.block else {
      for _ in 0..<count { elements.append(Float(nextNormal())) }
      return Tensor(elements, shape: shape)
    }
    for _ in 0..<count { elements.append(nextUniform()) }
    for start in stride(from: 0, through: count - Self.block, by: Self.block) { Self.makeNormal(&elements, at: start) }
    if count % Self.block != 0 {
      let start = count - Self.block
      for index in start..<count { elements[index] = nextUniform() }
      Self.makeNormal(&elements, at: start)
    }
    return Tensor(elements, shape: shape)
  }

  private static let block = 16

  private static func makeNormal(_ elements: inout [Float], at start: Int) {
    unsafe elements.withUnsafeMutableBufferPointer { elements in
      let block = unsafe UnsafeMutableBufferPointer(rebasing: elements[start..<start + Self.block])
      unsafe ag_torch_normals(block.baseAddress)
    }
  }

  /// Uniform in [0, 1), a multiple of 2⁻²⁴.
  private mutating func nextUniform() -> Float { Float(generator.next() & 0xFF_FFFF) / 0x100_0000 }

  /// Uniform in [0, 1), a multiple of 2⁻⁵³.
  private mutating func nextPreciseUniform() -> Double {
    let high = UInt64(generator.next())
    let bits = (high << 32 | UInt64(generator.next())) & 0x1F_FFFF_FFFF_FFFF
    return Double(bits) / 0x20_0000_0000_0000
  }

  private mutating func nextNormal() -> Double {
    if let number = kept {
      kept = nil
      return number
    }
    let (turn, level) = (nextPreciseUniform(), nextPreciseUniform())
    let radius = (-2 * log1p(-level)).squareRoot()
    kept = radius * sin(2 * .pi * turn)
    return radius * cos(2 * .pi * turn)
  }
}
