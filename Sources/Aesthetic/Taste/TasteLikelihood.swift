/// The likelihood of all of a person's ratings, given the utilities of the pictures: one logistic noise for every kind.
///
/// - A pair: σ(f of the better − f of the other) (Bradley and Terry 1952, Biometrika 39).
/// - Like and dislike: σ(f + b) and σ(−f − b). A dislike counts half: what somebody rejects says less of what they love.
/// - Stars: the cumulative logit, `StarTerm`.
/// - Every kind also has one half of a rating of each of its outcomes, for a picture of utility 0, which keeps `Offsets`
///   finite when all ratings are alike (as Jeffreys's prior does for shares).
package struct TasteLikelihood: Sendable {
  /// How many ratings a dislike counts for.
  static let dislikeWeight = 0.5
  private static let pseudoWeight = 0.5

  /// The rated pictures; utilities and their derivatives are in this order.
  package let pictures: [Int]
  private let pairs: [(winner: Int, loser: Int, weight: Double)]
  private let likes: [(picture: Int, sign: Double, weight: Double)]
  private let stars: [(picture: Int, stars: Int, weight: Double)]

  /// The likelihood of these ratings. Skips, and ratings of no weight, say nothing.
  package init(_ judgements: [Judgement]) {
    var rows: [Int: Int] = [:]
    var pictures: [Int] = []
    func row(_ picture: Int) -> Int {
      if let known = rows[picture] { return known }
      pictures.append(picture)
      rows[picture] = pictures.count - 1
      return pictures.count - 1
    }
    var pairs: [(winner: Int, loser: Int, weight: Double)] = []
    var likes: [(picture: Int, sign: Double, weight: Double)] = []
    var stars: [(picture: Int, stars: Int, weight: Double)] = []
    for judgement in judgements where judgement.weight > 0 {
      switch judgement.verdict {
      case .like: likes.append((row(judgement.picture), 1, judgement.weight))
      case .dislike: likes.append((row(judgement.picture), -1, judgement.weight * Self.dislikeWeight))
      case .stars(let count): stars.append((row(judgement.picture), count, judgement.weight))
      case .preferred(let loser): pairs.append((row(judgement.picture), row(loser), judgement.weight))
      case .skip: break
      }
    }
    self.pictures = pictures
    (self.pairs, self.likes, self.stars) = (pairs, likes, stars)
  }

  /// How much each rated picture's ratings count, a dislike for half.
  var weights: [Double] {
    var weights = [Double](repeating: 0, count: pictures.count)
    for pair in pairs {
      weights[pair.winner] += pair.weight
      weights[pair.loser] += pair.weight
    }
    for like in likes { weights[like.picture] += like.weight }
    for star in stars { weights[star.picture] += star.weight }
    return weights
  }

  /// The logarithm of the likelihood at these utilities, one a rated picture.
  package func log(_ utilities: [Double], _ offsets: Offsets) -> Double {
    var sum = 0.0
    for pair in pairs { sum += pair.weight * logSigmoid(utilities[pair.winner] - utilities[pair.loser]) }
    for like in likes { sum += like.weight * logSigmoid(like.sign * (utilities[like.picture] + offsets.values[0])) }
    for star in stars { sum += star.weight * StarTerm(star.stars, utility: utilities[star.picture], offsets).log }
    sum += Self.pseudoWeight * (logSigmoid(offsets.values[0]) + logSigmoid(-offsets.values[0]))
    for count in 1...5 { sum += Self.pseudoWeight * StarTerm(count, utility: 0, offsets).log }
    return sum
  }

  /// The first and second derivatives of `log`.
  package func derivatives(_ utilities: [Double], _ offsets: Offsets) -> TasteDerivatives {
    var result = TasteDerivatives(pictures: pictures.count)
    for pair in pairs {
      let right = sigmoid(utilities[pair.winner] - utilities[pair.loser])
      result.addPair(pair.winner, pair.loser, slope: pair.weight * (1 - right), pair.weight * right * (1 - right))
    }
    for like in likes {
      let right = sigmoid(like.sign * (utilities[like.picture] + offsets.values[0]))
      result.addLike(like.picture, slope: like.weight * like.sign * (1 - right), like.weight * right * (1 - right))
    }
    for star in stars {
      let term = StarTerm(star.stars, utility: utilities[star.picture], offsets)
      result.addStars(star.picture, star.stars, term, weight: star.weight)
    }
    let even = sigmoid(offsets.values[0])
    result.addLike(nil, slope: Self.pseudoWeight * (1 - 2 * even), 2 * Self.pseudoWeight * even * (1 - even))
    for count in 1...5 {
      result.addStars(nil, count, StarTerm(count, utility: 0, offsets), weight: Self.pseudoWeight)
    }
    return result
  }
}
