package import TensorKit

/// What a person's ratings say about their taste: how much they would like a picture, as a linear function of its features,
/// and how sure that is.
package struct Taste: Sendable {
  /// The mean of the rated pictures' features, weighted as their ratings are; utility 0.
  package let center: Tensor  // [D]
  /// How much the utility rises along each feature: the posterior mean.
  package let direction: Tensor  // [D]
  /// The offset of likes: a picture of utility f is liked with the probability σ(f + likeOffset).
  package let likeOffset: Double
  /// The prior variance of a rated picture's utility, as the ratings themselves suggest it: how decided the person is.
  package let priorVariance: Double
  /// The aesthetic; nil if its features cancel to zero.
  package let aesthetic: Aesthetic?

  /// The prior variance of a picture's utility while there are no ratings to choose it by.
  static let usualVariance = 4.0
  /// The root mean square distance of the rated pictures from `center`; 0 where they do not differ.
  private let scale: Double
  /// Orthonormal directions in which the rated pictures differ; nil for all of them as they are.
  private let basis: Tensor?  // [m, D]
  /// The covariance of the weights in these directions; elsewhere it is the prior's.
  private let covariance: Tensor  // [m, m]

  /// A taste of what the learning found; see the properties.
  init(
    center: Tensor, direction: Tensor, likeOffset: Double, priorVariance: Double, aesthetic: Aesthetic?,
    scale: Double, basis: Tensor?, covariance: Tensor
  ) {
    (self.center, self.direction, self.likeOffset) = (center, direction, likeOffset)
    (self.priorVariance, self.aesthetic) = (priorVariance, aesthetic)
    (self.scale, self.basis, self.covariance) = (scale, basis, covariance)
  }

  /// The utility of pictures with these features, [n, D]: in logits, so that of two pictures the one with 1 more is
  /// preferred with probability σ(1) = 73 %.
  package func utilities(_ features: Tensor) -> [Double] {
    precondition(features.width == direction.count, "features of \(features.shape) for a taste of \(direction.count)")
    let level = zip(center.elements, direction.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    return matrixProduct(features, direction.reshaped([direction.count, 1])).elements.map { Double($0) - level }
  }

  /// The covariances of the utilities of pictures with these features: [n, D] to [n, n].
  package func covariances(_ features: Tensor) -> Tensor {
    guard scale > 0 else {
      // Nothing is known: the prior, for somebody about as decided as most, over what differs here.
      let (center, scale) = (features.mean(), max(features.spread(), .leastNormalMagnitude))
      let centred = features.centred(center, scale: scale)
      return Float(Self.usualVariance) * matrixProduct(centred, centred, otherTransposed: true)
    }
    let centred = features.centred(center, scale: scale)
    guard let basis else {
      return matrixProduct(matrixProduct(centred, covariance), centred, otherTransposed: true)
    }
    let inner = matrixProduct(centred, basis, otherTransposed: true)  // [n, m]
    let learned = matrixProduct(matrixProduct(inner, covariance), inner, otherTransposed: true)
    // What lies outside of the basis has not been asked about, so there the prior holds.
    let outside = centred + -1 * matrixProduct(inner, basis)
    return learned + Float(priorVariance) * matrixProduct(outside, outside, otherTransposed: true)
  }
}
