import Aesthetic
import Files
import TensorKit

/// What sets profiles apart and what they share.
struct ProfileComparison: Encodable {
  let profiles: [Side]
  /// One for every two profiles.
  let pairs: [Pair]

  /// One of the profiles.
  struct Side: Encodable {
    let profile: String
    let ratings: Int
    /// The share of held-out comparisons that its taste gets right; nil with too few ratings.
    let heldOutAccuracy: Double?
    let heldOutComparisons: Int
    /// The words nearest to it.
    let words: [String]
    /// The centred similarity of each version of its aesthetic to the one before.
    let drift: [Double]
    /// Of the pictures that any of the profiles rated, those it likes best.
    let favourites: [String]
  }

  /// Two of them.
  struct Pair: Encodable {
    let first: String
    let second: String
    /// The cosine between the aesthetics, seen from the mean of all pictures rated.
    let similarity: Double
    /// The same without that: mostly what all pictures share.
    let rawSimilarity: Double
    /// Of two pictures, how often both prefer the same; over all pictures that any of the profiles rated.
    let agreement: Double?
    /// How many pictures both have rated.
    let shared: Int
    /// The words nearest to what the first has and the second has not, and the other way.
    let firstWords: [String]
    let secondWords: [String]
    /// The pictures that the first likes much more than the second, by their ranks, and the other way.
    let firstOnly: [String]
    let secondOnly: [String]
  }

  private static let pictureCount = 5

  /// Compares `profiles`, of which there are at least two. `pictures` are all that any of them rated, a name and a row
  /// of `sights` each; without any, there is nothing that they could agree on.
  init(
    _ profiles: [LearnedProfile], pictures: (hashes: [String], sights: Sights)?, in store: Store, words: WordFeatures?
  ) throws {
    let directions = profiles.map { $0.aesthetic.direction.elements.map { Double($0) } }
    let center = pictures?.sights.features.unitMean() ?? Self.mean(directions)
    let centred = directions.map { $0.minus(center) }
    let scores = profiles.map { profile in pictures.map { profile.scores($0.sights) } ?? [] }
    let ranks = scores.map(Self.ranks)
    let hashes = pictures?.hashes ?? []
    func names(_ values: [Double]) -> [String] {
      values.indices.sorted { (values[$0], $1) > (values[$1], $0) }.prefix(Self.pictureCount).map { hashes[$0] }
    }
    var sides: [Side] = []
    for (index, profile) in profiles.enumerated() {
      let heldOut = Taste.heldOut(profile.rated.sights, judgements: profile.rated.judgements)
      let versions = try store.versions(profile.profile)
        .filter { $0.aesthetic.width == center.count }
        .map { $0.aesthetic.direction.elements.map { Double($0) }.minus(center) }
      sides.append(
        Side(
          profile: profile.profile.name, ratings: profile.rated.judgements.count, heldOutAccuracy: heldOut?.accuracy,
          heldOutComparisons: heldOut?.comparisons ?? 0, words: words?.nearest(centred[index]) ?? [],
          drift: zip(versions, versions.dropFirst()).map { $0.cosine($1) }, favourites: names(scores[index])))
    }
    self.profiles = sides
    var pairs: [Pair] = []
    for first in profiles.indices {
      for second in profiles.indices.dropFirst(first + 1) {
        let difference = centred[first].minus(centred[second])
        let gap = ranks[first].minus(ranks[second])
        pairs.append(
          Pair(
            first: sides[first].profile, second: sides[second].profile,
            similarity: centred[first].cosine(centred[second]),
            rawSimilarity: directions[first].cosine(directions[second]),
            agreement: Self.agreement(scores[first], scores[second]),
            shared: Set(profiles[first].rated.pictures).intersection(profiles[second].rated.pictures).count,
            firstWords: words?.nearest(difference) ?? [], secondWords: words?.nearest(difference.map { -$0 }) ?? [],
            firstOnly: names(gap), secondOnly: names(gap.map { -$0 })))
      }
    }
    self.pairs = pairs
  }

  private static func mean(_ vectors: [[Double]]) -> [Double] {
    vectors.reduce([Double](repeating: 0, count: vectors.first?.count ?? 0)) { zip($0, $1).map { $0 + $1 } }
      .map { $0 / Double(vectors.count) }
  }

  /// The share of values below each, from 0 to 1.
  private static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = values
    for (rank, index) in order.enumerated() { ranks[index] = Double(rank) / Double(max(1, order.count - 1)) }
    return ranks
  }

  /// The share of pairs that both put into the same order (Kendall 1938: (1 + τ) / 2), over 500 pictures at most.
  static func agreement(_ first: [Double], _ second: [Double]) -> Double? {
    let every = (first.count + 499) / 500
    let places = every > 0 ? Array(stride(from: 0, to: first.count, by: every)) : []
    var (alike, count) = (0.0, 0)
    for (number, a) in places.enumerated() {
      for b in places[..<number] {
        let product = (first[a] - first[b]) * (second[a] - second[b])
        alike += product > 0 ? 1 : product == 0 ? 0.5 : 0
        count += 1
      }
    }
    return count > 0 ? alike / Double(count) : nil
  }
}
