package import Files
import Glibc

/// How noisy latents are at each of the steps in time that a model was trained on, and what it predicts.
package struct NoiseSchedule: Hashable, Sendable {
  /// What the network's output means.
  package enum Prediction: Hashable, Sendable {
    /// The noise (Ho et al. 2020, arXiv 2006.11239).
    case epsilon
    /// v = √ᾱ · noise − √(1 − ᾱ) · original (Salimans and Ho 2022, arXiv 2202.00512, section 4).
    case velocity
  }

  /// ᾱ of each step: the original's share of the variance, falling.
  package let alphas: [Double]
  package let prediction: Prediction
  /// What is added to the steps of the samplers that count them from 0: 1 in Stable Diffusion.
  let offset: Int
  /// ᾱ behind the last step of DDIM and PLMS: that of step 0, or 1.
  let finalAlpha: Double

  /// Stable Diffusion 1.x: 1000 steps, √β linear from √0.00085 to √0.012.
  package init(prediction: Prediction = .epsilon) {
    self.init(
      betas: Self.scaledLinear(from: 0.00085, to: 0.012, count: 1000), prediction: prediction, offset: 1,
      endsAtOne: false)
  }

  private init(betas: [Double], prediction: Prediction, offset: Int, endsAtOne: Bool) {
    var product = 1.0
    alphas = betas.map { beta in
      product *= 1 - beta
      return product
    }
    self.prediction = prediction
    self.offset = offset
    finalAlpha = endsAtOne ? 1 : alphas[0]
  }

  private static func scaledLinear(from start: Double, to end: Double, count: Int) -> [Double] {
    linear(from: start.squareRoot(), to: end.squareRoot(), count: count).map { $0 * $0 }
  }

  private static func linear(from start: Double, to end: Double, count: Int) -> [Double] {
    (0..<count).map { start + (end - start) * Double($0) / Double(max(1, count - 1)) }
  }

  /// Reads a scheduler_config.json.
  package init(file: ConfigurationFile) throws(FileError) {
    let values = ConfigurationValues(file: file)
    let count = try values.size("num_train_timesteps", default: 1000)
    let start = try values.number("beta_start", default: 0.0001)
    let end = try values.number("beta_end", default: 0.02)
    guard count > 1, start > 0, end >= start, end < 1 else {
      throw file.error("\"beta_start\" \(start) and \"beta_end\" \(end) are no schedule of noise")
    }
    let betas: [Double]
    switch file["beta_schedule"]?.string ?? "linear" {
    case "linear": betas = Self.linear(from: start, to: end, count: count)
    case "scaled_linear": betas = Self.scaledLinear(from: start, to: end, count: count)
    case let other: throw file.error("\"beta_schedule\" is \"\(other)\"; linear or scaled_linear was expected")
    }
    let prediction: Prediction
    switch file["prediction_type"]?.string ?? "epsilon" {
    case "epsilon": prediction = .epsilon
    case "v_prediction": prediction = .velocity
    case let other: throw file.error("\"prediction_type\" is \"\(other)\"; epsilon or v_prediction was expected")
    }
    let offset = file["steps_offset"]?.integer ?? 0
    guard (0..<count).contains(offset) else { throw file.error("\"steps_offset\" is not from 0 to \(count - 1)") }
    self.init(
      betas: betas, prediction: prediction, offset: offset, endsAtOne: file["set_alpha_to_one"]?.bool ?? true)
  }
}

extension NoiseSchedule {
  /// The number of steps that the model was trained on.
  var count: Int { alphas.count }

  /// The noise's deviation where the original's is 1, at a step that may lie between two.
  func sigma(at time: Double) -> Double {
    let low = min(max(0, Int(time)), count - 1)
    let high = min(low + 1, count - 1)
    func sigma(_ step: Int) -> Double { ((1 - alphas[step]) / alphas[step]).squareRoot() }
    return sigma(low) + (sigma(high) - sigma(low)) * (time - Double(low))
  }

  /// The step at which the noise has this deviation; between two steps its logarithm is taken to be linear.
  func time(sigma: Double) -> Double {
    let logarithms = alphas.map { 0.5 * log((1 - $0) / $0) }
    let wanted = log(max(sigma, 1e-10))
    let low = min(max(0, (logarithms.lastIndex { $0 <= wanted } ?? 0)), count - 2)
    let share = (logarithms[low] - wanted) / (logarithms[low] - logarithms[low + 1])
    return Double(low) + min(max(share, 0), 1)
  }
}
