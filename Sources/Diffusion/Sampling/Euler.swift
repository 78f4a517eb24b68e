import TensorKit

/// Euler's method (Karras et al. 2022, arXiv 2206.00364, algorithm 1 without its second order), on request to less noise
/// than the next step has, and new noise up to it.
struct Euler: Solver {
  private let grid: NoiseGrid
  private let isAncestral: Bool

  init(_ grid: NoiseGrid, isAncestral: Bool) { (self.grid, self.isAncestral) = (grid, isAncestral) }

  var times: [Double] { grid.times }
  var startDeviation: Double { grid.startDeviation }

  func inputFactor(_ call: Int) -> Double { 1 / (grid.sigmas[call] * grid.sigmas[call] + 1).squareRoot() }

  func noised(_ original: Tensor, _ noise: Tensor, before call: Int) -> Tensor {
    mixed(1, original, grid.sigmas[call], noise)
  }

  func step(
    _ call: Int, _ latents: Tensor, output: Tensor, noise: () -> Tensor
  ) -> (latents: Tensor, original: Tensor) {
    let (sigma, next) = (grid.sigmas[call], grid.sigmas[call + 1])
    let original =
      switch grid.prediction {
      case .epsilon: mixed(1, latents, -sigma, output)
      case .velocity:
        mixed(1 / (sigma * sigma + 1), latents, -sigma / (sigma * sigma + 1).squareRoot(), output)
      }
    let up = isAncestral ? (next * next * (sigma * sigma - next * next) / (sigma * sigma)).squareRoot() : 0
    let down = (next * next - up * up).squareRoot()
    // latents + (down − sigma) · (latents − original) / sigma
    var result = mixed(down / sigma, latents, 1 - down / sigma, original)
    if isAncestral { result.add(Float(up), times: noise()) }
    return (result, original)
  }
}
