import TensorKit

/// The space in which utilities are linear: pictures seen from the middle of the rated ones, what CLIP sees of them and
/// what they look like each in units of how much the rated ones differ.
struct TasteSpace: Sendable {
  /// The rated pictures' weighted means.
  let featureCenter: Tensor  // [D]
  let appearanceCenter: Tensor  // [A]
  /// The rated pictures' root mean square distances from the means; 1 where they do not differ.
  let featureScale: Double
  let appearanceScale: Double
  /// Whether they look different.
  let hasAppearance: Bool
  /// Orthonormal directions in which the rated pictures' features differ; nil for all of them as they are.
  let basis: Tensor?  // [m, D]

  /// Pictures nearer to each other than this share of their features' size are the same.
  private static let leastScale = 1e-5

  /// The space for `rated` pictures, each as important as its weight says; nil if they do not differ.
  init?(_ rated: Sights, weights: [Double]) {
    featureCenter = rated.features.mean(weights)
    appearanceCenter = rated.appearance.mean(weights)
    func scale(_ values: Tensor, _ center: Tensor) -> Double? {
      let scale = values.meanSquare(weights, from: center).squareRoot()
      return scale > Self.leastScale * center.inner(center).squareRoot() ? scale : nil
    }
    let scales = (scale(rated.features, featureCenter), scale(rated.appearance, appearanceCenter))
    if scales.0 == nil && scales.1 == nil { return nil }
    (featureScale, appearanceScale, hasAppearance) = (scales.0 ?? 1, scales.1 ?? 1, scales.1 != nil)
    basis =
      rated.count < rated.features.width ? rated.features.centred(featureCenter, scale: featureScale).span() : nil
  }

  /// The features, centred and scaled, [n, D].
  func features(_ sights: Sights) -> Tensor { sights.features.centred(featureCenter, scale: featureScale) }

  /// Where pictures are along the basis and in their looks, [n, m + A].
  func coordinates(_ sights: Sights) -> Tensor {
    let features = features(sights)
    return besideEachOther(
      basis.map { matrixProduct(features, $0, otherTransposed: true) } ?? features,
      sights.appearance.centred(appearanceCenter, scale: appearanceScale))
  }

  /// Where pictures are along all features and in their looks, [n, D + A], in units in which weights have one prior variance.
  func places(_ sights: Sights, appearanceShare share: Double) -> Tensor {
    let looks = sights.appearance.centred(appearanceCenter, scale: appearanceScale)
    return besideEachOther(Float((1 - share).squareRoot()) * features(sights), Float(share.squareRoot()) * looks)
  }

  /// What coordinates are multiplied by where looks make up this share of a utility's prior variance, [m + A]: with weights
  /// of one prior variance, a block's part of the utility's is the square.
  func factors(appearanceShare share: Double) -> [Double] {
    [Double](repeating: (1 - share).squareRoot(), count: basis?.rows ?? featureCenter.count)
      + [Double](repeating: share.squareRoot(), count: appearanceCenter.count)
  }
}
