import Foundation

/// The numbers that `torch.randn` draws on CUDA: Philox 4×32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1,
/// 2, 3") and the Box-Muller transform as cuRAND computes it.
///
/// Element i of a draw has a counter of its own: the number of the draw, and i; the seed is the key. That is what CUDA does
/// for tensors up to the number of threads it starts at once, some hundred thousand elements; latents are far smaller.
///
/// Logarithm and sine are Float64, as in the generators that AUTOMATIC1111 and others run on CPUs; a GPU's own, in Float32 and
/// with a fast sine, are off by some 3e-7.
package struct PhiloxNormals: NormalSource {
  private let key: (UInt32, UInt32)
  private var draws: UInt32 = 0
  /// 2π / 2³², as cuRAND rounds it.
  private static let angleStep = Double(Float(1.46291807e-9))

  /// What `torch.Generator("cuda").manual_seed(seed)` is.
  package init(seed: UInt64) { key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)) }

  package mutating func normals(_ shape: [Int]) -> Tensor {
    defer { draws &+= 1 }
    let count = shape.reduce(1, *)
    return Tensor((0..<count).map { normal(UInt64($0)) }, shape: shape)
  }

  /// Of the four numbers that a counter gives, the first two become one normal number here.
  private func normal(_ index: UInt64) -> Float {
    var counter = SIMD4<UInt32>(draws, 0, UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32))
    var (low, high) = key
    for round in 0..<10 {
      if round > 0 {
        low &+= 0x9E37_79B9
        high &+= 0xBB67_AE85
      }
      let first = UInt64(counter[0]) * 0xD251_1F53
      let second = UInt64(counter[2]) * 0xCD9E_8D57
      counter = [
        UInt32(truncatingIfNeeded: second >> 32) ^ counter[1] ^ low, UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first >> 32) ^ counter[3] ^ high, UInt32(truncatingIfNeeded: first),
      ]
    }
    // Each number stands for the middle of its interval, so the logarithm's argument is never 0.
    let level = (Double(counter[0]) + 0.5) * 0x1p-32
    let angle = (Double(counter[1]) + 0.5) * Self.angleStep
    return Float((-2 * log(level)).squareRoot() * sin(angle))
  }
}
