import TensorKit

/// Liu et al. 2022, arXiv 2202.09778, with lower orders until enough answers are there, as in CompVis's code: the second
/// step is asked for twice, and the first answer corrected with it (Heun's method).
struct PLMS: Solver {
  let times: [Double]
  let startDeviation = 1.0
  private let schedule: NoiseSchedule
  private let stride: Int
  /// The last answers, newest last.
  private var outputs: [Tensor] = []
  private var callCount = 0
  private var first: Tensor?

  init(_ schedule: NoiseSchedule, steps: Int) {
    self.schedule = schedule
    stride = max(1, schedule.count / steps)
    var times = schedule.leadingSteps(steps)
    if steps > 1 { times.insert(times[1], at: 1) } else { times.append(times[0]) }
    self.times = times.map(Double.init)
  }

  func inputFactor(_ call: Int) -> Double { 1 }

  func noised(_ original: Tensor, _ noise: Tensor, before call: Int) -> Tensor {
    schedule.noised(original, noise, at: Int(times[call]))
  }

  mutating func step(
    _ call: Int, _ latents: Tensor, output: Tensor, noise: () -> Tensor
  ) -> (latents: Tensor, original: Tensor) {
    defer { callCount += 1 }
    var (from, latents) = (Int(times[call]), latents)
    let original = separated(latents, output: output, alpha: schedule.alpha(at: from), schedule.prediction).original
    let combined: Tensor
    if callCount == 1, let first, let earlier = outputs.last {
      // The second answer, one step further, only corrects the first: the same step is made once more.
      (from, latents) = (from + stride, first)
      combined = mixed(0.5, output, 0.5, earlier)
    } else {
      outputs = outputs.suffix(3) + [output]
      if callCount == 0 { first = latents }
      combined = extrapolated
    }
    return (moved(latents, combined, from: from, to: from - stride), original)
  }

  /// Adams-Bashforth of the order that the answers at hand allow.
  private var extrapolated: Tensor {
    let weights: [Double] =
      switch outputs.count {
      case 1: [1]
      case 2: [-1, 3].map { $0 / 2 }
      case 3: [5, -16, 23].map { $0 / 12 }
      default: [-9, 37, -59, 55].map { $0 / 24 }
      }
    var sum = Float(weights[0]) * outputs[0]
    for (weight, output) in zip(weights, outputs).dropFirst() { sum.add(Float(weight), times: output) }
    return sum
  }

  /// Equation 9 of the paper.
  private func moved(_ latents: Tensor, _ output: Tensor, from: Int, to: Int) -> Tensor {
    let (alpha, next) = (schedule.alpha(at: from), schedule.alpha(at: to))
    let noise =
      schedule.prediction == .epsilon
      ? output : mixed(alpha.squareRoot(), output, (1 - alpha).squareRoot(), latents)
    let divisor = alpha * (1 - next).squareRoot() + (alpha * (1 - alpha) * next).squareRoot()
    return mixed((next / alpha).squareRoot(), latents, -(next - alpha) / divisor, noise)
  }
}
