extension Taste {
  /// How well a taste predicts ratings it has not seen.
  package struct HeldOut: Sendable, Hashable {
    /// The share of comparisons that it gets right.
    package let accuracy: Double
    /// How many there were.
    package let comparisons: Int
  }

  private static let folds = 5
  /// So many of the last ratings take part.
  private static let mostRatings = 1000

  /// Learns from four fifths of the ratings and is tried on the rest, five times; nil if the rest has nothing to compare.
  ///
  /// A held-out pair is one comparison; so are a held-out like and dislike, and two held-out pictures with different numbers
  /// of stars.
  package static func heldOut(_ sights: Sights, judgements: [Judgement]) -> HeldOut? {
    let said = judgements.filter { $0.verdict != .skip && $0.weight > 0 }.suffix(mostRatings)
    guard said.count >= folds else { return nil }
    var (right, count) = (0.0, 0)
    for fold in 0..<folds {
      // In turn, so that every fold has early and late ratings.
      let (left, rest) = (
        said.enumerated().filter { $0.offset % folds == fold }.map(\.element),
        said.enumerated().filter { $0.offset % folds != fold }.map(\.element)
      )
      let utilities = Taste(sights, judgements: rest).utilities(sights)
      for (better, worse) in comparisons(left) {
        right += utilities[better] > utilities[worse] ? 1 : utilities[better] == utilities[worse] ? 0.5 : 0
        count += 1
      }
    }
    return count > 0 ? HeldOut(accuracy: right / Double(count), comparisons: count) : nil
  }

  /// The pairs of pictures that these ratings put into an order, the better one first.
  private static func comparisons(_ judgements: [Judgement]) -> [(better: Int, worse: Int)] {
    var (pairs, liked, disliked): ([(better: Int, worse: Int)], [Int], [Int]) = ([], [], [])
    var starred: [(picture: Int, stars: Int)] = []
    for judgement in judgements {
      switch judgement.verdict {
      case .preferred(let loser): pairs.append((judgement.picture, loser))
      case .like: liked.append(judgement.picture)
      case .dislike: disliked.append(judgement.picture)
      case .stars(let count): starred.append((judgement.picture, count))
      case .skip: break
      }
    }
    for better in liked { pairs += disliked.map { (better, $0) } }
    for better in starred { pairs += starred.filter { $0.stars < better.stars }.map { (better.picture, $0.picture) } }
    return pairs
  }
}
