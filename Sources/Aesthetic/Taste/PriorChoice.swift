import Glibc
import TensorKit

/// The prior that a person's ratings ask for: how much utilities vary, and what part of that appearance has.
///
/// The variance τ² and the share a are those with the greatest evidence (MacKay 1992, Neural Computation 4, 415-447) times a
/// prior of their own, which matters while ratings are few: normal in log τ², around `Taste.usualVariance`, a deviation
/// being a factor of 8; and eight to one for a = 0 against each other share. So a taste is taken to be one for what pictures
/// show until the ratings are eight times as probable otherwise, as Bayes factors have it (Kass and Raftery 1995, Journal
/// of the American Statistical Association 90): learning two kinds of features at once costs those whose taste is of one
/// kind. Two prior scales for two blocks of features are automatic relevance determination (MacKay 1994; Rasmussen and
/// Williams 2006, section 5.1).
struct PriorChoice {
  /// a.
  let appearanceShare: Double
  /// The fit under τ² to the ratings that the choice was made by.
  let fit: TasteFit
  /// Whether these were all there are.
  let isByAll: Bool

  /// The shares that are tried beside none.
  private static let shares = [0.25, 0.5, 0.75]
  /// The logarithm of how much more probable it is that looks do not matter than that they have any one share.
  private static let oddsForNone = log(8.0)
  /// The powers of 4 among which τ² is chosen: from a utility that hardly matters to one that decides all.
  private static let exponents = -3...8
  private static let usualExponent = Int(log2(Taste.usualVariance) / 2)
  /// How far the exponent is expected to lie from the usual one: with a few ratings the evidence hardly says.
  private static let usualDeviation = 1.5
  /// So many ratings are enough to choose by.
  private static let mostRatings = 400

  /// Chooses for `judgements` of the pictures that `likelihood` names, whose places in `space` are `coordinates`.
  init(_ coordinates: Tensor, _ space: TasteSpace, _ judgements: [Judgement], _ likelihood: TasteLikelihood) {
    var (likelihood, coordinates) = (likelihood, coordinates)
    isByAll = judgements.count < 2 * Self.mostRatings
    if !isByAll {
      let every = judgements.count / Self.mostRatings
      let places = Dictionary(uniqueKeysWithValues: likelihood.pictures.enumerated().map { ($1, $0) })
      likelihood = TasteLikelihood(stride(from: 0, to: judgements.count, by: every).map { judgements[$0] })
      coordinates = rows(likelihood.pictures.compactMap { places[$0] }, of: coordinates)
    }
    func candidate(_ share: Double, near start: Candidate?) -> Candidate {
      let scaled = coordinates.columnsTimes(space.factors(appearanceShare: share))
      return Self.summit(of: scaled, likelihood, share, near: start)
    }
    let none = candidate(0, near: nil)
    var best = none
    for share in space.hasAppearance ? Self.shares : [] {
      let next = candidate(share, near: best)
      guard next.support > best.support else { break }
      best = next
    }
    if best.support <= none.support + Self.oddsForNone { best = none }
    (appearanceShare, fit) = (best.share, best.fit)
  }

  /// A prior, with the fit under it.
  private struct Candidate {
    let share: Double
    let exponent: Int
    let fit: TasteFit
    /// The logarithm of its probability given the ratings, up to a constant, were every share as probable before.
    let support: Double
  }

  /// The most probable τ² for one share. As with the shares, there is one summit in practice: it climbs from the exponent of
  /// `start`, or else from the usual one.
  private static func summit(
    of coordinates: Tensor, _ likelihood: TasteLikelihood, _ share: Double, near start: Candidate?
  ) -> Candidate {
    func candidate(_ exponent: Int, _ start: TasteFit?) -> Candidate {
      let fit = TasteFit(likelihood, at: coordinates, priorVariance: pow(4, Double(exponent)), start: start)
      let distance = Double(exponent - usualExponent) / usualDeviation
      return Candidate(
        share: share, exponent: exponent, fit: fit, support: fit.logEvidence - distance * distance / 2)
    }
    let first = candidate(start?.exponent ?? usualExponent, start?.fit)
    var best = first
    for direction in [1, -1] {
      while exponents.contains(best.exponent + direction) {
        let next = candidate(best.exponent + direction, best.fit)
        guard next.support > best.support else { break }
        best = next
      }
      if best.exponent != first.exponent { break }
    }
    return best
  }
}
