/// One rating: what a person said about a picture, or about two. `Picture` is how pictures are told apart.
package struct Opinion<Picture: Hashable & Sendable>: Sendable, Hashable {
  package enum Verdict: Sendable, Hashable {
    case like
    case dislike
    /// 1 to 5.
    case stars(Int)
    /// Better than the other picture.
    case preferred(over: Picture)
    /// Seen, and nothing said.
    case skip
  }

  package let picture: Picture
  package let verdict: Verdict
  /// How much it counts; 1 is usual. Above 0, at most 1e6.
  package let weight: Double

  /// A rating.
  package init(picture: Picture, verdict: Verdict, weight: Double = 1) {
    self.picture = picture
    self.verdict = verdict
    self.weight = weight
  }

  /// All pictures it speaks of.
  package var pictures: [Picture] { if case .preferred(let loser) = verdict { [picture, loser] } else { [picture] } }

  /// The same with pictures told apart in another way; nil if there is no way to tell one of them.
  package func map<Other>(_ transform: (Picture) throws -> Other?) rethrows -> Opinion<Other>? {
    guard let other = try transform(picture) else { return nil }
    let said: Opinion<Other>.Verdict
    switch verdict {
    case .like: said = .like
    case .dislike: said = .dislike
    case .stars(let count): said = .stars(count)
    case .skip: said = .skip
    case .preferred(let loser):
      guard let loser = try transform(loser) else { return nil }
      said = .preferred(over: loser)
    }
    return Opinion<Other>(picture: other, verdict: said, weight: weight)
  }
}

/// A rating as the mathematics takes it: pictures are rows of the features that come with it.
package typealias Judgement = Opinion<Int>

/// A rating as it is kept: pictures are known by the hashes of their bytes.
package typealias Rating = Opinion<String>
