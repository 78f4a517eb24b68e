import Aesthetic
import Files
import SystemPackage
import TensorKit

/// What a profile's ratings, or its latest aesthetic where it has none, say about pictures by one model.
struct LearnedProfile {
  let profile: Profile
  let rated: RatedFeatures
  /// The taste; nil where the ratings only say what is liked, or there are none.
  let taste: Taste?
  /// What the profile leads to.
  let aesthetic: Aesthetic

  /// Learns from the ratings of `profile`, whose pictures get the features they lack. Pictures that are gone are added to
  /// `failures`.
  init(_ profile: Profile, in store: Store, by model: ImageModel, _ failures: inout Failures, quiet: Bool) throws {
    self.profile = profile
    let pictures = try store.ratedPictures(profile)
    try FeatureWork(store: store, model: model, quiet: quiet).complete(pictures, &failures)
    rated = try store.ratedFeatures(profile, by: model.stored)
    if rated.judgements.contains(where: { $0.verdict != .skip }) {
      let method = LearningMethod.usual(for: rated.judgements)
      taste = method == .preference ? Taste(rated.sights, judgements: rated.judgements) : nil
      aesthetic = try taste?.aesthetic ?? LearningMethod.mean.aesthetic(rated, of: profile, in: store)
    } else {
      taste = nil
      aesthetic = try store.latestVersion(profile, by: model.stored).aesthetic
    }
  }

  /// How much the profile is for each of these pictures: the taste's utility, else the cosine between the picture
  /// and the aesthetic, both seen from the pictures' mean, since what all pictures share says nothing.
  func scores(_ sights: Sights) -> [Double] {
    if let taste { return taste.utilities(sights) }
    let features = sights.features
    let center = features.unitMean()
    let target = aesthetic.direction.elements.map { Double($0) }.minus(center)
    return (0..<features.rows).map { row in
      features.unitRow(row).minus(center).cosine(target)
    }
  }

  /// The standard deviations of `scores`, as far as the taste knows; nil without one.
  func deviations(_ sights: Sights) -> [Double]? {
    guard let taste else { return nil }
    return (0..<sights.count).map { row in Double(max(0, taste.covariances(sights.rows([row])).scalar)).squareRoot()
    }
  }
}

extension Tensor {
  /// One row, scaled to length 1.
  func unitRow(_ row: Int) -> [Double] {
    let elements = rows(row..<row + 1).elements.map { Double($0) }
    let length = elements.length
    return length > 0 ? elements.map { $0 / length } : elements
  }

  /// The mean of the rows, each scaled to length 1.
  func unitMean() -> [Double] {
    var sums = [Double](repeating: 0, count: width)
    for row in 0..<rows {
      for (column, value) in unitRow(row).enumerated() { sums[column] += value / Double(rows) }
    }
    return sums
  }
}

extension [Double] {
  var length: Double { reduce(0) { $0 + $1 * $1 }.squareRoot() }

  func minus(_ other: [Double]) -> [Double] { zip(self, other).map { $0 - $1 } }

  /// The cosine of the angle between the two; 0 where one of them is zero.
  func cosine(_ other: [Double]) -> Double {
    let lengths = length * other.length
    return lengths > 0 ? zip(self, other).reduce(0) { $0 + $1.0 * $1.1 } / lengths : 0
  }
}
