package import TensorKit

/// What a person's ratings say about their taste: how much they would like a picture, as a linear function of what CLIP
/// sees in it and of what it looks like, and how sure that is.
package struct Taste: Sendable {
  /// The mean of the rated pictures' features, weighted as their ratings are; utility 0.
  package let center: Tensor  // [D]
  /// How much the utility rises along each feature: the posterior mean.
  package let direction: Tensor  // [D]
  /// How much it rises along each value of the pictures' appearance.
  package let appearanceDirection: Tensor  // [A]
  /// The offset of likes: a picture of utility f is liked with the probability σ(f + likeOffset).
  package let likeOffset: Double
  /// The prior variance of a rated picture's utility, as the ratings themselves suggest it: how decided the person is.
  package let priorVariance: Double
  /// The part of it that comes from appearance, likewise: how much the person looks at colours and edges.
  package let appearanceShare: Double
  /// The aesthetic; nil if its features cancel to zero.
  package let aesthetic: Aesthetic?

  /// The prior variance of a picture's utility while there are no ratings to choose it by.
  static let usualVariance = 16.0
  /// Where utilities are linear; nil if the rated pictures do not differ.
  private let space: TasteSpace?
  /// The covariance of the weights of the space's coordinates, these times its `factors`; elsewhere it is the prior's.
  private let covariance: Tensor  // [m + A, m + A]

  /// What was learned about pictures in `space`.
  init(_ fit: TasteFit, in space: TasteSpace, appearanceShare: Double, covariance: Tensor, bestMean: Tensor) {
    let factors = space.factors(appearanceShare: appearanceShare)
    let looks = space.appearanceCenter.count
    let weights = zip(fit.weights, factors).map { $0 * $1 }
    let seen = weights.dropLast(looks).map { Float($0 / space.featureScale) }
    let inner = Tensor(seen, shape: [1, seen.count])
    center = space.featureCenter
    direction = (space.basis.map { matrixProduct(inner, $0) } ?? inner).reshaped([center.count])
    appearanceDirection = Tensor(weights.suffix(looks).map { Float($0 / space.appearanceScale) }, shape: [looks])
    (likeOffset, priorVariance) = (fit.offsets.values[0], fit.priorVariance)
    (self.appearanceShare, aesthetic) = (appearanceShare, Aesthetic(mean: bestMean))
    (self.space, self.covariance) = (space, covariance)
  }

  /// The taste of somebody who has rated only pictures that do not differ from `picture`.
  init(only picture: Sights) {
    center = picture.features.reshaped([picture.features.width])
    direction = Tensor(zeros: [center.count])
    appearanceDirection = Tensor(zeros: [picture.appearance.width])
    (likeOffset, priorVariance, appearanceShare) = (0, 0, 0)
    (aesthetic, space, covariance) = (Aesthetic(mean: center), nil, Tensor(zeros: [0, 0]))
  }

  /// The utility of pictures: in logits, so that of two pictures the one with 1 more is preferred with probability
  /// σ(1) = 73 %.
  package func utilities(_ sights: Sights) -> [Double] {
    let (features, appearance) = (sights.features, sights.appearance)
    precondition(
      features.width == direction.count && appearance.width == appearanceDirection.count,
      "pictures of \(features.shape) and \(appearance.shape) for a taste of \(direction.count)")
    let level =
      center.inner(direction) + (space.map { $0.appearanceCenter.inner(appearanceDirection) } ?? 0)
    let seen = matrixProduct(features, direction.reshaped([direction.count, 1])).elements
    let looks = matrixProduct(appearance, appearanceDirection.reshaped([appearanceDirection.count, 1])).elements
    return zip(seen, looks).map { Double($0) + Double($1) - level }
  }

  /// The covariances of the utilities of n pictures, [n, n].
  package func covariances(_ sights: Sights) -> Tensor {
    guard let space else {
      // Nothing is known: the prior, for somebody about as decided as most, over what differs here.
      let even = [Double](repeating: 1, count: sights.count)
      guard let space = TasteSpace(sights, weights: even) else { return Tensor(zeros: [sights.count, sights.count]) }
      let features = space.features(sights)
      return Float(Self.usualVariance) * matrixProduct(features, features, otherTransposed: true)
    }
    let factors = space.factors(appearanceShare: appearanceShare)
    let scaled = space.coordinates(sights).columnsTimes(factors)
    let learned = matrixProduct(matrixProduct(scaled, covariance), scaled, otherTransposed: true)
    guard let basis = space.basis else { return learned }
    // What lies outside of the basis has not been asked about, so there the prior holds.
    let features = space.features(sights)
    let inside = matrixProduct(matrixProduct(features, basis, otherTransposed: true), basis)
    let outside = features + -1 * inside
    let variance = Float(priorVariance * (1 - appearanceShare))
    return learned + variance * matrixProduct(outside, outside, otherTransposed: true)
  }

  /// Where n pictures are, z, and the covariance S of the weights there: z S zᵀ are their `covariances`. Many products with
  /// those take less time in this form, and a few pictures' covariances less in that one.
  func spread(_ sights: Sights) -> (places: Tensor, covariance: Tensor) {  // [n, k], [k, k]
    guard let space else {
      // Nothing is known: the prior, for somebody about as decided as most, over what differs here.
      let even = [Double](repeating: 1, count: sights.count)
      guard let space = TasteSpace(sights, weights: even) else {
        return (Tensor(zeros: [sights.count, 1]), Tensor(zeros: [1, 1]))
      }
      return (space.features(sights), Self.diagonal(Self.usualVariance, sights.features.width))
    }
    let places = space.places(sights, appearanceShare: appearanceShare)
    guard let basis = space.basis else { return (places, covariance) }
    // What lies outside of the basis has not been asked about, so there the prior holds: τ² I + lᵀ (Σ − τ² I) l, where the
    // rows of l are the basis and, for the looks, the axes themselves.
    let (inner, looks, width) = (basis.rows, space.appearanceCenter.count, basis.width)
    var elements = [Float](repeating: 0, count: (inner + looks) * (width + looks))
    for (place, element) in basis.elements.enumerated() {
      elements[place / width * (width + looks) + place % width] = element
    }
    for index in 0..<looks { elements[(inner + index) * (width + looks) + width + index] = 1 }
    let axes = Tensor(elements, shape: [inner + looks, width + looks])
    let learned = covariance + Self.diagonal(-priorVariance, inner + looks)
    return (
      places,
      Self.diagonal(priorVariance, width + looks)
        + matrixProduct(axes, transposed: true, matrixProduct(learned, axes))
    )
  }

  /// `value` times the identity, [width, width].
  private static func diagonal(_ value: Double, _ width: Int) -> Tensor {
    var elements = [Float](repeating: 0, count: width * width)
    for index in 0..<width { elements[index * width + index] = Float(value) }
    return Tensor(elements, shape: [width, width])
  }
}
