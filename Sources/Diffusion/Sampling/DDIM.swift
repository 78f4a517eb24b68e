import TensorKit

/// Song et al. 2020, arXiv 2010.02502, equations 12 and 16.
struct DDIM: Solver {
  let times: [Double]
  let startDeviation = 1.0
  private let schedule: NoiseSchedule
  private let stride: Int
  private let eta: Double

  init(_ schedule: NoiseSchedule, steps: Int, eta: Double) {
    (self.schedule, self.eta) = (schedule, eta)
    stride = max(1, schedule.count / steps)
    times = schedule.leadingSteps(steps).map(Double.init)
  }

  func inputFactor(_ call: Int) -> Double { 1 }

  func noised(_ original: Tensor, _ noise: Tensor, before call: Int) -> Tensor {
    schedule.noised(original, noise, at: Int(times[call]))
  }

  func step(
    _ call: Int, _ latents: Tensor, output: Tensor, noise: () -> Tensor
  ) -> (latents: Tensor, original: Tensor) {
    let time = Int(times[call])
    let (alpha, next) = (schedule.alpha(at: time), schedule.alpha(at: time - stride))
    let (original, predicted) = separated(latents, output: output, alpha: alpha, schedule.prediction)
    let variance = (1 - next) / (1 - alpha) * (1 - alpha / next)
    let deviation = eta * variance.squareRoot()
    var result = mixed(next.squareRoot(), original, (1 - next - deviation * deviation).squareRoot(), predicted)
    if eta > 0 { result.add(Float(deviation), times: noise()) }
    return (result, original)
  }
}

extension NoiseSchedule {
  /// Multiples of ⌊count / steps⌋ plus the offset, falling.
  func leadingSteps(_ steps: Int) -> [Int] {
    (0..<steps).reversed().map { min($0 * (count / steps) + offset, count - 1) }
  }

  /// ᾱ at a step, also behind the last one, where it is negative.
  func alpha(at step: Int) -> Double { step >= 0 ? alphas[min(step, count - 1)] : finalAlpha }

  /// √ᾱ · original + √(1 − ᾱ) · noise.
  func noised(_ original: Tensor, _ noise: Tensor, at step: Int) -> Tensor {
    mixed(alpha(at: step).squareRoot(), original, (1 - alpha(at: step)).squareRoot(), noise)
  }
}
