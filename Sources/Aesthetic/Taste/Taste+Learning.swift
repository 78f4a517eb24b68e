import TensorKit

extension Taste {
  /// Learns a taste from the ratings of pictures, `judgements`, whose rows are those of `sights`.
  ///
  /// The utility of a picture is f(x, z) = w · (x − mean) / scale + v · (z − mean) / scale for its features x and its
  /// appearance z, means and scales being those of the rated pictures (`TasteSpace`). `TasteLikelihood` says how probable
  /// the ratings are, and Gaussian priors draw w and v towards 0: of the variance τ² (1 − a) for w and τ² a for v, so that
  /// τ² is the prior variance of a rated picture's utility and a the share of appearance in it. τ², among powers of 4, and
  /// a, among quarters, are those most probable given the ratings (`TasteFit`). So few ratings, or ratings that contradict
  /// each other, move the taste little, and nobody chooses a strength.
  ///
  /// With no more rated pictures than features, all is computed in the space that the rated pictures span: w lies in it
  /// anyway (Kimeldorf and Wahba 1971, the representer theorem).
  package init(_ sights: Sights, judgements: [Judgement]) {
    precondition(sights.count > 0, "no pictures")
    let likelihood = TasteLikelihood(judgements)
    let hasRatings = !likelihood.pictures.isEmpty
    let rated = hasRatings ? sights.rows(likelihood.pictures) : sights
    let weights = hasRatings ? likelihood.weights : [Double](repeating: 1, count: sights.count)
    guard let space = TasteSpace(rated, weights: weights) else {
      self.init(only: rated.rows([0]))
      return
    }
    let coordinates = space.coordinates(rated)
    let fitted = hasRatings ? coordinates : rows([], of: coordinates)
    let choice = PriorChoice(fitted, space, judgements, likelihood)
    let factors = space.factors(appearanceShare: choice.appearanceShare)
    let scaled = coordinates.columnsTimes(factors)
    let fit =
      choice.isByAll
      ? choice.fit
      : TasteFit(
        likelihood, at: scaled, priorVariance: choice.fit.priorVariance, start: choice.fit)
    let covariance = fit.covariance()
    self.init(
      fit, in: space, appearanceShare: choice.appearanceShare, covariance: covariance,
      bestMean: Self.bestMean(space, weights, coordinates, scaled, fit, covariance))
  }

  /// How far the mean of the best tenth of a normal distribution lies from its mean, in standard deviations: φ(z) / 0.1 with
  /// z = 1.2816, where a tenth lies beyond z.
  private static let selectionIntensity = 1.7550
  /// So many pictures are enough to tell how uncertain utilities are on average.
  private static let mostForUncertainty = 2000

  /// The expected features of the tenth of all pictures that this person likes best.
  ///
  /// If features x are normal, and so is what is known of the utility U, the mean of x among pictures beyond a quantile
  /// of U is center + i · cov(x, U) / sd(U) (Pearson 1903; the breeder's equation: i is the intensity of the selection).
  /// The covariance is that with the posterior mean of U, and sd(U) contains what is uncertain, so this goes to the center
  /// when nothing is known: ratings that are all likes give the plain mean, as in Gallego 2022. What is liked for its looks
  /// counts through the features that go with them.
  private static func bestMean(
    _ space: TasteSpace, _ weights: [Double], _ coordinates: Tensor, _ scaled: Tensor, _ fit: TasteFit,
    _ covariance: Tensor
  ) -> Tensor {
    let (utilities, total) = (fit.utilities(scaled), weights.reduce(0, +))
    var variance = zip(weights, utilities).reduce(0) { $0 + $1.0 / total * $1.1 * $1.1 }
    // What is uncertain hardly differs from picture to picture.
    let some = Array(stride(from: 0, to: weights.count, by: max(1, weights.count / mostForUncertainty)))
    let sample = rows(some, of: scaled)
    let (x, spread) = (sample.elements, matrixProduct(sample, covariance).elements)
    let share = 1 / some.reduce(0) { $0 + weights[$1] }
    for (place, row) in some.enumerated() {
      for index in place * scaled.width..<(place + 1) * scaled.width {
        variance += share * weights[row] * Double(x[index]) * Double(spread[index])
      }
    }
    let pull = selectionIntensity * space.featureScale / (total * variance.squareRoot())
    let shares = Tensor(zip(weights, utilities).map { Float(pull * $0 * $1) }, shape: [1, weights.count])
    // In the space's coordinates, without the looks; there every rated picture is whole.
    let width = scaled.width - space.appearanceCenter.count
    let inner = matrixProduct(shares, coordinates).elements(0..<width, shape: [1, width])
    let shift = space.basis.map { matrixProduct(inner, $0) } ?? inner
    return space.featureCenter + shift.reshaped(space.featureCenter.shape)
  }
}
