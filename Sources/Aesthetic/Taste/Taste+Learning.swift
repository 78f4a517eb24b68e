import Glibc
package import TensorKit

extension Taste {
  /// Learns a taste from the ratings of pictures, `judgements`, whose rows are those of `features` [n, D].
  ///
  /// The utility of a picture is f(x) = w · (x − center) / scale, center and scale being the rated pictures' mean and root
  /// mean square distance from it. `TasteLikelihood` says how probable the ratings are, a Gaussian prior of variance τ²
  /// draws w towards 0, and τ² is the one, among powers of 4, that is most probable given the ratings (`TasteFit`; its own
  /// prior is a normal one in log τ², around 4, a deviation being a factor of 8). So few ratings, or ratings that contradict
  /// each other, move the taste little, and nobody chooses a strength.
  ///
  /// With no more rated pictures than features, all is computed in the space that the rated pictures span: w lies in it
  /// anyway (Kimeldorf and Wahba 1971, the representer theorem).
  package init(features: Tensor, judgements: [Judgement]) {
    precondition(features.shape.count == 2 && features.rows > 0, "features of shape \(features.shape)")
    // Rows of the whole only name the pictures here; the centred ones follow.
    let rated = TasteLikelihood(features, judgements)
    let weights = rated.weights
    let center = rated.pictures.isEmpty ? features.mean() : rated.coordinates.mean(weights)
    let centred = rated.coordinates.centred(center)
    let scale = rated.pictures.isEmpty ? 0 : centred.meanSquare(weights).squareRoot()
    guard scale > Self.leastScale * center.meanSquare([1]).squareRoot() else {
      self.init(
        center: center, direction: Tensor(zeros: [center.count]), likeOffset: 0, priorVariance: 0,
        aesthetic: Aesthetic(mean: center), scale: 0, basis: nil,
        covariance: Tensor(zeros: [center.count, center.count]))
      return
    }
    let scaled = centred.centred(Tensor(zeros: [center.count]), scale: scale)
    let basis = scaled.rows < scaled.width ? scaled.span() : nil
    let coordinates = basis.map { matrixProduct(scaled, $0, otherTransposed: true) } ?? scaled
    let fit = Self.fit(coordinates, rated.renumbered(judgements))
    let inner = Tensor(fit.weights.map { Float($0 / scale) }, shape: [1, fit.weights.count])
    let direction = (basis.map { matrixProduct(inner, $0) } ?? inner).reshaped([center.count])
    let covariance = fit.covariance()
    self.init(
      center: center, direction: direction, likeOffset: fit.offsets.values[0], priorVariance: fit.priorVariance,
      aesthetic: Aesthetic(
        mean: Self.bestMean(center, centred, weights, coordinates, fit.weights, covariance)),
      scale: scale, basis: basis, covariance: covariance)
  }

  /// Pictures nearer to each other than this share of their features' size are the same.
  private static let leastScale = 1e-5
  /// The powers of 4 among which the prior variance is chosen: from a utility that hardly matters to one that decides all.
  private static let exponents = -3...8
  /// How far the exponent is expected to lie from 1, `usualVariance`: with a few ratings the evidence hardly says.
  private static let usualDeviation = 1.5
  /// So many ratings are enough to choose it by.
  private static let mostForPrior = 1000

  /// The fit under the most probable prior variance, by its evidence and what is usual: climbs from the usual one, since
  /// there is one summit in practice.
  private static func fit(_ coordinates: Tensor, _ judgements: [Judgement]) -> TasteFit {
    let every = max(1, judgements.count / mostForPrior)
    let some = stride(from: 0, to: judgements.count, by: every).map { judgements[$0] }
    let likelihood = TasteLikelihood(coordinates, some)
    func candidate(_ exponent: Int, _ start: TasteFit?) -> (fit: TasteFit, support: Double) {
      let fit = TasteFit(likelihood, priorVariance: pow(4, Double(exponent)), start: start)
      let distance = Double(exponent - 1) / usualDeviation
      return (fit, fit.logEvidence - distance * distance / 2)
    }
    var best = candidate(1, nil)
    for direction in [1, -1] {
      var exponent = 1 + direction
      while exponents.contains(exponent) {
        let next = candidate(exponent, best.fit)
        guard next.support > best.support else { break }
        best = next
        exponent += direction
      }
      if best.fit.priorVariance != usualVariance { break }
    }
    if every == 1 { return best.fit }
    return TasteFit(
      TasteLikelihood(coordinates, judgements), priorVariance: best.fit.priorVariance, start: best.fit)
  }

  /// What share of all pictures the aesthetic is the mean of: the best tenth.
  private static let bestShare = 0.1
  /// How far the mean of the best tenth of a normal distribution lies from its mean, in standard deviations: φ(z) / 0.1 with
  /// z = 1.2816, where a tenth lies beyond z.
  private static let selectionIntensity = 1.7550

  /// The expected features of the tenth of all pictures that this person likes best.
  ///
  /// If features x are normal, and so is what is known of the utility U, the mean of x among pictures beyond a quantile
  /// of U is center + i · cov(x, U) / sd(U) (Pearson 1903; the breeder's equation: i is the intensity of the selection).
  /// The covariance is that with the posterior mean of U, and sd(U) contains what is uncertain, so this goes to the center
  /// when nothing is known: ratings that are all likes give the plain mean, as in Gallego 2022.
  private static func bestMean(
    _ center: Tensor, _ centred: Tensor, _ weights: [Double], _ coordinates: Tensor, _ w: [Double], _ covariance: Tensor
  ) -> Tensor {
    let utilities = matrixProduct(coordinates, Tensor(w.map { Float($0) }, shape: [w.count, 1])).elements
    let (width, total) = (coordinates.width, weights.reduce(0, +))
    let (x, spread) = (coordinates.elements, matrixProduct(coordinates, covariance).elements)
    var variance = 0.0
    for (row, weight) in weights.enumerated() {
      var own = Double(utilities[row]) * Double(utilities[row])
      for place in row * width..<(row + 1) * width { own += Double(spread[place]) * Double(x[place]) }
      variance += weight / total * own
    }
    let pull = selectionIntensity / (total * variance.squareRoot())
    let shares = zip(weights, utilities).map { Float(pull * $0 * Double($1)) }
    let shift = matrixProduct(Tensor(shares, shape: [1, shares.count]), centred)
    return center + shift.reshaped(center.shape)
  }
}

extension TasteLikelihood {
  /// The judgements that count, with the rows that their pictures have in `coordinates`.
  func renumbered(_ judgements: [Judgement]) -> [Judgement] {
    let rows = Dictionary(uniqueKeysWithValues: pictures.enumerated().map { ($1, $0) })
    return judgements.compactMap { $0.map { rows[$0] } }
  }
}
