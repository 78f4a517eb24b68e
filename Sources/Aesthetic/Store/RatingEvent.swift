package import Foundation
package import SystemPackage

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
