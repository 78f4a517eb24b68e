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
  /// As long as a step leaves no more than this of the climb, the next one takes its curvature over.
  private static let goodStep = 0.3

  /// Fits for pictures that have these `coordinates`, [n, m] in the likelihood's order, from where `start` ended, or from
  /// weights of zero.
  package init(_ likelihood: TasteLikelihood, at coordinates: Tensor, priorVariance: Double, start: TasteFit? = nil) {
    precondition(coordinates.rows == likelihood.pictures.count, "\(coordinates.shape): \(likelihood.pictures.count)")
    self.priorVariance = priorVariance
    weights = start?.weights ?? [Double](repeating: 0, count: coordinates.width)
    offsets = start?.offsets ?? .even
    logPosterior = -.infinity
    var utilities = self.utilities(coordinates)
    logPosterior = logPosterior(likelihood.log(utilities, offsets), weights)
    var before = Double.infinity
    for step in 0..<Self.mostSteps {
      let derivatives = likelihood.derivatives(utilities, offsets)
      let inner = zip(derivatives.gradient(coordinates), weights).map { $0 - $1 / priorVariance }
      let gradient = inner + derivatives.offsetSlopes
      // Many ratings make a curvature dear, and change it little from step to step (Ortega and Rheinboldt 1970, section 7.1:
      // the simplified Newton method); the last step has its own.
      var promised = climb(gradient)
      var isLast = step > 0 && isSmall(promised)
      if step == 0 || promised > Self.goodStep * before || isLast {
        curvature = Self.factored(
          derivatives.curvature(coordinates), width: coordinates.width, ridge: 1 / priorVariance)
        promised = climb(gradient)
        // A curvature a little off says well enough how near the maximum is.
        isLast = isLast || isSmall(promised)
      }
      guard let reached = take(gradient, promised: promised, likelihood, coordinates) else { break }
      (utilities, before) = (reached, promised)
      if isLast { break }
    }
    if let curvature {
      logEvidence =
        logPosterior - 0.5 * Double(weights.count) * Glibc.log(priorVariance) - 0.5 * curvature.logDeterminant
    }
  }

  /// x w: the utilities of pictures with these coordinates, [n, m].
  func utilities(_ x: Tensor) -> [Double] { Self.utilities(x, weights) }

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

  private func logPosterior(_ logLikelihood: Double, _ weights: [Double]) -> Double {
    logLikelihood - weights.reduce(0) { $0 + $1 * $1 } / (2 * priorVariance)
  }

  /// Twice what is left to climb, if the posterior is a parabola of the present curvature.
  private func climb(_ gradient: [Double]) -> Double {
    zip(gradient, curvature?.solved(gradient) ?? []).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Whether a step that promises so much is the last. Newton's last step squares what is left, relative to the posterior's
  /// width: 1e-9 leaves a curvature right to 3e-5. Many ratings make the posterior so narrow that the curvature changes
  /// less within it.
  private func isSmall(_ promised: Double) -> Bool { promised < 1e-9 * max(1, 0.1 * abs(logPosterior)) }

  /// Takes a step, halved until it climbs; returns the utilities there, nil where there is nothing left to climb.
  private mutating func take(
    _ gradient: [Double], promised: Double, _ likelihood: TasteLikelihood, _ x: Tensor
  ) -> [Double]? {
    guard let step = curvature?.solved(gradient) else { return nil }
    // Utilities are Float32 products, in whose rounding small climbs are lost.
    let noise = 1e-8 * max(100, abs(logPosterior))
    var length = 1.0
    while length > 1e-6 {
      let weights = self.weights.indices.map { self.weights[$0] + length * step[$0] }
      let offsets = Offsets(
        values: (0..<Offsets.count).map { self.offsets.values[$0] + length * step[weights.count + $0] })
      let utilities = Self.utilities(x, weights)
      let reached = logPosterior(likelihood.log(utilities, offsets), weights)
      if reached >= logPosterior + 1e-4 * length * promised - noise {
        (self.weights, self.offsets, logPosterior) = (weights, offsets, reached)
        return utilities
      }
      length /= 2
    }
    return nil
  }

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
