/// One rating that counts: what a person said about a picture, or about two.
package struct Judgement: Sendable, Hashable {
  package enum Verdict: Sendable, Hashable {
    case like
    case dislike
    /// 1 to 5.
    case stars(Int)
    /// Better than the picture in row `loser`.
    case preferred(over: Int)
    /// Seen, and nothing said.
    case skip
  }
  /// Row of the picture in the features that come with the judgements.
  package let picture: Int
  package let verdict: Verdict
  /// How much it counts; 1 is usual.
  package let weight: Double

  package init(picture: Int, verdict: Verdict, weight: Double = 1) {
    self.picture = picture
    self.verdict = verdict
    self.weight = weight
  }
}
