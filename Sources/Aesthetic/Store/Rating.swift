package import Foundation
package import SystemPackage

/// What somebody said, as it is to be kept: pictures by the hash of their bytes.
package struct Rating: Sendable, Hashable {
  package enum Verdict: Sendable, Hashable {
    case like
    case dislike
    /// 1 to 5.
    case stars(Int)
    /// Better than the other picture, whose hash this is.
    case preferred(over: String)
    /// Seen, and nothing said.
    case skip
  }
  /// The picture's hash.
  package let picture: String
  package let verdict: Verdict
  /// How much it counts; 1 is usual. Above 0, at most 1e6.
  package let weight: Double

  /// A rating.
  package init(picture: String, verdict: Verdict, weight: Double = 1) {
    self.picture = picture
    self.verdict = verdict
    self.weight = weight
  }
}

/// One fact of a profile's history.
package struct RatingEvent: Sendable, Hashable {
  /// Its number: facts come in the order of their numbers.
  package let number: Int64
  /// What was said; nil for taking back the rating with the number `undone`.
  package let rating: Rating?
  /// Where the picture's file, and that of the other of a pair, was last seen.
  package let paths: [FilePath]
  /// The number of the rating that is taken back.
  package let undone: Int64?
  /// Where it came from, such as "rate" or "rate --from ratings.csv".
  package let source: String
  /// When it was given.
  package let time: Date
  /// Whether it counts: neither taken back nor replaced by a later one of the same picture or pair.
  package let isInEffect: Bool
}
