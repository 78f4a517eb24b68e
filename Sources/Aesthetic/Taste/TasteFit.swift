import Glibc
package import TensorKit

/// The most probable weights and offsets for a likelihood and a prior variance, found by Newton's method, and how probable
/// the ratings are under that prior.
///
/// The prior of the weights w is Gaussian, of mean 0 and the same variance τ² in every direction. The logarithm of the
/// posterior is concave in weights and offsets together (Pratt 1981, Journal of the American Statistical Association 76),
/// so there is one maximum, and every step that is short enough climbs.
package struct TasteFit: Sendable {
  /// τ².
  package let priorVariance: Double
  /// w, [m].
  package private(set) var weights: [Double]
  package private(set) var offsets: Offsets
  /// The logarithm of the posterior, up to a constant, at the maximum.
  package private(set) var logPosterior: Double
  /// The logarithm of the ratings' probability under the prior, up to a constant that does not depend on it: Laplace's
  /// approximation, log posterior − ½ m log τ² − ½ log |H| (MacKay 1992, Neural Computation 4, 415-447).
  package private(set) var logEvidence = -Double.infinity
  /// H: the negative second derivatives of the log posterior by weights and offsets, [m + 5, m + 5].
  private(set) var curvature: Cholesky?

  private static let mostSteps = 60

  /// Fits from where `start` ended, or from weights of zero.
  package init(_ likelihood: TasteLikelihood, priorVariance: Double, start: TasteFit? = nil) {
    self.priorVariance = priorVariance
    weights = start?.weights ?? [Double](repeating: 0, count: likelihood.coordinates.width)
    offsets = start?.offsets ?? .even
    logPosterior = -.infinity
    logPosterior = logPosterior(likelihood, weights, offsets)
    for _ in 0..<Self.mostSteps {
      if isAtTop(afterStepOn: likelihood) { break }
    }
    if let curvature {
      logEvidence =
        logPosterior - 0.5 * Double(weights.count) * Glibc.log(priorVariance) - 0.5 * curvature.logDeterminant
    }
  }

  /// The covariance of the weights, [m, m]: Laplace's approximation of the posterior, over all values of the offsets.
  package func covariance() -> Tensor {
    let width = weights.count
    let order = width + Offsets.count
    let inverse = curvature?.inverse() ?? []
    precondition(inverse.count == order * order, "the covariance of a fit that failed")
    return Tensor(
      (0..<width).flatMap { row in inverse[row * order..<row * order + width].map { Float($0) } },
      shape: [width, width])
  }

  private func logPosterior(_ likelihood: TasteLikelihood, _ weights: [Double], _ offsets: Offsets) -> Double {
    likelihood.log(Self.utilities(likelihood.coordinates, weights), offsets)
      - weights.reduce(0) { $0 + $1 * $1 } / (2 * priorVariance)
  }

  /// One step, halved until it climbs; true where there is nothing left to climb.
  private mutating func isAtTop(afterStepOn likelihood: TasteLikelihood) -> Bool {
    let (x, width) = (likelihood.coordinates, weights.count)
    let derivatives = likelihood.derivatives(Self.utilities(x, weights), offsets)
    let inner = zip(derivatives.gradient(x), weights).map { $0 - $1 / priorVariance }
    let gradient = inner + derivatives.offsetSlopes
    curvature = Self.factored(derivatives.curvature(x), width: width, ridge: 1 / priorVariance)
    guard let step = curvature?.solved(gradient) else { return true }
    // The climb that is left is half of this, if the posterior is a parabola.
    let promised = zip(gradient, step).reduce(0) { $0 + $1.0 * $1.1 }
    // Newton's last step squares what is left, relative to the posterior's width: 1e-9 leaves a curvature right to 3e-5. Many
    // ratings make the posterior so narrow that the curvature changes less within it.
    let isLast = promised < 1e-9 * max(1, 0.1 * abs(logPosterior))
    // Utilities are Float32 products, in whose rounding small climbs are lost.
    let noise = 1e-8 * max(100, abs(logPosterior))
    var length = 1.0
    while length > 1e-6 {
      let weights = (0..<width).map { self.weights[$0] + length * step[$0] }
      let offsets = Offsets(values: (0..<Offsets.count).map { self.offsets.values[$0] + length * step[width + $0] })
      let reached = logPosterior(likelihood, weights, offsets)
      if reached >= logPosterior + 1e-4 * length * promised - noise {
        (self.weights, self.offsets, logPosterior) = (weights, offsets, reached)
        return isLast
      }
      length /= 2
    }
    return true
  }

  /// x w.
  private static func utilities(_ x: Tensor, _ weights: [Double]) -> [Double] {
    matrixProduct(x, Tensor(weights.map { Float($0) }, shape: [weights.count, 1])).elements.map { Double($0) }
  }

  /// The factors of `curvature` with `ridge` added for the weights. Where features hardly vary in some direction, rounding
  /// of the Float32 products may exceed the ridge; a little more of it then costs a few steps, and no exactness.
  private static func factored(_ curvature: [Double], width: Int, ridge: Double) -> Cholesky? {
    let order = width + Offsets.count
    let largest = (0..<order).reduce(0) { max($0, curvature[$1 * order + $1]) }
    for extra in [0, 1e-6, 1e-4] {
      var matrix = curvature
      for index in 0..<width { matrix[index * order + index] += ridge + extra * largest }
      if let factors = Cholesky(matrix, order: order) { return factors }
    }
    return nil
  }
}
