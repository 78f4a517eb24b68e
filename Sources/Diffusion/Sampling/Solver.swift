import Glibc
import TensorKit

/// A sampler at work: which questions the network is asked, and what becomes of its answers.
protocol Solver {
  /// The steps in time at which the network is asked, in order.
  var times: [Double] { get }
  /// The deviation of the noise to begin with.
  var startDeviation: Double { get }
  /// What latents are multiplied with before the network sees them.
  func inputFactor(_ call: Int) -> Double
  /// Latents as noisy as those before the given call.
  func noised(_ original: Tensor, _ noise: Tensor, before call: Int) -> Tensor
  /// The latents behind a call that gave `output`, and what the network takes for the picture behind the noise.
  mutating func step(
    _ call: Int, _ latents: Tensor, output: Tensor, noise: () -> Tensor
  ) -> (latents: Tensor, original: Tensor)
}

/// a · x + b · y.
func mixed(_ a: Double, _ x: Tensor, _ b: Double, _ y: Tensor) -> Tensor {
  var sum = Float(a) * x
  sum.add(Float(b), times: y)
  return sum
}

/// Original and noise in latents of variance 1, as the network's output tells them: ᾱ is the original's share.
func separated(
  _ latents: Tensor, output: Tensor, alpha: Double, _ prediction: NoiseSchedule.Prediction
) -> (original: Tensor, noise: Tensor) {
  let (signal, deviation) = (alpha.squareRoot(), (1 - alpha).squareRoot())
  switch prediction {
  case .epsilon: return (mixed(1 / signal, latents, -deviation / signal, output), output)
  case .velocity: return (mixed(signal, latents, -deviation, output), mixed(signal, output, deviation, latents))
  }
}

/// The times and deviations that samplers step along whose latents are original + deviation · noise.
struct NoiseGrid {
  /// Where the network is asked.
  let times: [Double]
  /// One more than times; the last is 0.
  let sigmas: [Double]
  let prediction: NoiseSchedule.Prediction
  let startDeviation: Double

  /// With `endsOpen`, steps are spread as if there were one more behind the last, and times are whole numbers: so does
  /// diffusers for DPM-Solver.
  init(_ schedule: NoiseSchedule, steps: Int, spacing: Sampler.Spacing, endsOpen: Bool = false) {
    let count = schedule.count
    let parts = endsOpen ? steps + 1 : steps
    var times: [Double]
    switch spacing {
    case .leading:
      times = (0..<parts).reversed().map { min(Double($0 * (count / parts) + schedule.offset), Double(count - 1)) }
    case .linear:
      times = (0..<parts).reversed().map { Double(count - 1) * Double($0) / Double(max(1, parts - 1)) }
      if steps == 1 { times = [endsOpen ? Double(count - 1) : 0, 0] }
    case .karras: times = []
    }
    if endsOpen { times = times.prefix(steps).map { $0.rounded(.toNearestOrEven) } }
    times = Array(times.prefix(steps))
    var sigmas = times.map(schedule.sigma)
    if spacing == .karras {
      let (most, least) = (schedule.sigma(at: Double(count - 1)), schedule.sigma(at: 0))
      sigmas = Self.karras(from: most, to: least, steps: steps)
      times = sigmas.map(schedule.time)
      if endsOpen { times = times.map { $0.rounded(.toNearestOrEven) } }
    }
    (self.times, self.sigmas, prediction) = (times, sigmas + [0], schedule.prediction)
    let most = sigmas.max() ?? 1
    startDeviation = spacing == .leading ? (most * most + 1).squareRoot() : most
  }

  private static func karras(from most: Double, to least: Double, steps: Int) -> [Double] {
    let (first, last) = (pow(most, 1 / 7), pow(least, 1 / 7))
    return (0..<steps).map { pow(first + (last - first) * Double($0) / Double(max(1, steps - 1)), 7) }
  }
}
