import Glibc
import TensorKit

/// Lu et al. 2022, arXiv 2211.01095, algorithm 2, on latents of variance 1; first order in the first step and in the last,
/// which ends without noise.
struct DPMPlusPlus2M: Solver {
  let startDeviation = 1.0
  private let grid: NoiseGrid
  /// What the step before took for the picture.
  private var earlier: Tensor?

  init(_ grid: NoiseGrid) { self.grid = grid }

  var times: [Double] { grid.times }

  func inputFactor(_ call: Int) -> Double { 1 }

  /// ᾱ where the deviation is that of the given place in the grid.
  private func alpha(_ place: Int) -> Double { 1 / (grid.sigmas[place] * grid.sigmas[place] + 1) }

  func noised(_ original: Tensor, _ noise: Tensor, before call: Int) -> Tensor {
    mixed(alpha(call).squareRoot(), original, (1 - alpha(call)).squareRoot(), noise)
  }

  mutating func step(
    _ call: Int, _ latents: Tensor, output: Tensor, noise: () -> Tensor
  ) -> (latents: Tensor, original: Tensor) {
    let original = separated(latents, output: output, alpha: alpha(call), grid.prediction).original
    defer { earlier = original }
    let isLast = call == times.count - 1
    if isLast { return (original, original) }
    // λ, the logarithm of the ratio of signal to noise, is −log σ.
    let step = log(grid.sigmas[call] / grid.sigmas[call + 1])
    var direction = original
    if let earlier, call > 0 {
      let ratio = log(grid.sigmas[call - 1] / grid.sigmas[call]) / step
      direction = mixed(1 + 0.5 / ratio, original, -0.5 / ratio, earlier)
    }
    let (here, next) = (alpha(call), alpha(call + 1))
    let result = mixed(
      ((1 - next) / (1 - here)).squareRoot(), latents, -next.squareRoot() * expm1(-step), direction)
    return (result, original)
  }
}
