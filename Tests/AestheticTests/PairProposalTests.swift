import Aesthetic
import Foundation
import TensorKit
import TestSupport
import Testing

@Suite struct PairProposalTests {
  /// H(E σ(d)) − E H(σ(d)) by the midpoint rule over ten deviations, whose own error is below 1e-6.
  ///
  /// Φ(√(π/8) d) differs from σ(d) by at most 0.02, most where the variance is large, and its entropy from the bell of
  /// Houlsby et al. by 0.01 bits: 0.04 bits are allowed, of at most 1.
  @Test("information is that of its definition", arguments: [0, 0.5, 2, 5], [0.01, 0.5, 3, 30])
  func information(mean: Double, variance: Double) {
    func entropy(_ p: Double) -> Double { p <= 0 || p >= 1 ? 0 : -p * log2(p) - (1 - p) * log2(1 - p) }
    var (probability, noise, total) = (0.0, 0.0, 0.0)
    for step in 0..<20_000 {
      let z = -10 + (Double(step) + 0.5) / 1000
      let (weight, p) = (exp(-z * z / 2), 1 / (1 + exp(-mean - z * variance.squareRoot())))
      total += weight
      probability += weight * p
      noise += weight * entropy(p)
    }
    let expected = entropy(probability / total) - noise / total
    #expect(abs(Taste.information(mean: mean, variance: variance) - expected) < 0.04)
  }

  /// var(d) − E var(d | answer), over var(d), by the midpoint rule as above.
  ///
  /// With Φ for σ the formula is exact. Φ(√(π/8) d) differs from σ(d) by at most 0.02, which in the middle, where the slopes
  /// differ by 1/16 at most, changes the share by no more than about that: 0.025 is allowed.
  @Test(
    "the share of variance that an answer removes is that of its definition", arguments: [0, 0.5, 2, 5],
    [0.01, 0.5, 3, 30])
  func removed(mean: Double, variance: Double) {
    var (total, first, second) = (0.0, [0.0, 0.0], [0.0, 0.0])
    var probability = [0.0, 0.0]
    for step in 0..<20_000 {
      let z = -10 + (Double(step) + 0.5) / 1000
      let (weight, d) = (exp(-z * z / 2), mean + z * variance.squareRoot())
      total += weight
      for (answer, p) in [1 / (1 + exp(-d)), 1 / (1 + exp(d))].enumerated() {
        probability[answer] += weight * p
        first[answer] += weight * p * (d - mean)
        second[answer] += weight * p * (d - mean) * (d - mean)
      }
    }
    // The variance after each answer, weighted with the answer's probability.
    let left = (0...1).reduce(0.0) { $0 + (second[$1] - first[$1] * first[$1] / probability[$1]) / total }
    #expect(abs(Taste.removedShare(mean: mean, variance: variance) - (1 - left / variance)) < 0.025)
  }

  /// All pairs, best first, by the definition: what the pair's difference explains of all differences, from the covariances.
  private func worths(_ taste: Taste, _ sights: Sights) -> [(pair: [Int], worth: Double)] {
    let n = sights.count
    let (u, k) = (taste.utilities(sights), taste.covariances(sights).elements.map { Double($0) })
    func worth(_ a: Int, _ b: Int) -> Double {
      let variance = k[(n + 1) * a] + k[(n + 1) * b] - 2 * k[n * a + b]
      let shared = (0..<n).map { k[n * a + $0] - k[n * b + $0] }
      // Over all differences between two pictures, counted once each.
      var explained = 0.0
      for i in 0..<n { for j in i + 1..<n { explained += pow(shared[i] - shared[j], 2) / variance } }
      return explained / Double(n) * Taste.removedShare(mean: u[a] - u[b], variance: variance)
    }
    return (0..<n).flatMap { a in (a + 1..<n).map { (pair: [a, $0], worth: worth(a, $0)) } }
      .sorted { $0.worth > $1.worth }
  }

  /// With fewer features than rated pictures, and with more, where the prior holds outside of what they span.
  @Test(
    "the first pair is the one of all whose answer is expected to remove most variance, by the definition",
    arguments: [5, 20], [0, 3])
  func best(width: Int, looks: Int) throws {
    var random = SplitMix(state: 9)
    let sights = Sights(
      features: Tensor.random([12, width], using: &random), appearance: Tensor.random([12, looks], using: &random))
    let judgements = [(0, 1), (2, 3), (4, 0), (5, 6)].map { Judgement(picture: $0, verdict: .preferred(over: $1)) }
    let taste = Taste(sights, judgements: judgements)
    let expected = worths(taste, sights).map(\.pair)
    let found = try #require(taste.proposals(sights).first)
    #expect([found.first, found.second] == expected[0])
    // Without that one, the next.
    let other = try #require(taste.proposals(sights, asked: [Set(expected[0])]).first)
    #expect([other.first, other.second] == expected[1])
  }

  /// A folder of pictures that differ along the second axis, far from the two that were rated along the first: how good the
  /// folder is as a whole is the most uncertain, and pictures at its near and far side would tell most about that.
  @Test("how good all pictures are alike is not asked about")
  func order() throws {
    var random = SplitMix(state: 12)
    let depth = (0..<30).map { _ in Float.random(in: -1...1, using: &random) }
    let height = (0..<30).map { _ in Float.random(in: -1...1, using: &random) }
    let elements: [Float] = zip(depth, height).flatMap { [10 + $0, $1] } + [0, 0, 0, 0.1]
    let sights = Sights(features: Tensor(elements, shape: [32, 2]))
    let taste = Taste(sights, judgements: [Judgement(picture: 30, verdict: .preferred(over: 31))])
    let folder = sights.rows(Array(0..<30))
    let best = try #require(taste.proposals(folder).first)
    let worth = worths(taste, folder)
    #expect([best.first, best.second] == worth[0].pair)
  }

  @Test("several pairs do not ask the same thing")
  func several() {
    // Two groups of pictures that hardly differ within: any pair across tells the same, and one is enough.
    let elements: [Float] = [3, 0.01, 3, 0, 3.01, 0, 0, 2, 0.01, 2, 0, 2.01, -1, -1]
    let sights = Sights(features: Tensor(elements, shape: [7, 2]))
    let proposals = Taste(sights, judgements: []).proposals(sights, count: 2)
    func group(_ picture: Int) -> Int { picture < 3 ? 0 : picture < 6 ? 1 : 2 }
    let groups = proposals.map { Set([group($0.first), group($0.second)]) }
    #expect(groups.count == 2 && groups[0] != groups[1])
    #expect(groups.allSatisfy { $0.count == 2 })
  }

  @Test("nothing to choose from gives nothing")
  func none() {
    let two = Sights(features: Tensor([1, 2, 3, 4], shape: [2, 2]))
    let taste = Taste(two, judgements: [])
    #expect(taste.proposals(two.rows([0])).isEmpty)
    #expect(taste.proposals(two, count: 5).count == 1)
    #expect(taste.proposals(two, asked: [[0, 1]]).isEmpty)
  }

  /// Utilities that are the first feature without noise: learned from the others, held-out ratings must come out right.
  @Test("held-out ratings of somebody consistent are predicted, and those of chance are not")
  func heldOut() throws {
    var random = SplitMix(state: 11)
    let features = Tensor.random([60, 3], using: &random)
    let liking = features.elements.enumerated().filter { $0.offset % 3 == 0 }.map(\.element)
    func judgements(_ utilities: [Float]) -> [Judgement] {
      (0..<30).map { index in
        let (first, second) = (2 * index, 2 * index + 1)
        return utilities[first] > utilities[second]
          ? Judgement(picture: first, verdict: .preferred(over: second))
          : Judgement(picture: second, verdict: .preferred(over: first))
      } + (0..<60).map { Judgement(picture: $0, verdict: utilities[$0] > 0 ? .like : .dislike) }
    }
    let known = try #require(Taste.heldOut(Sights(features: features), judgements: judgements(liking)))
    #expect(known.accuracy > 0.95 && known.comparisons > 30)
    let chance = liking.map { _ in Float.random(in: -1...1, using: &random) }
    let unknown = try #require(Taste.heldOut(Sights(features: features), judgements: judgements(chance)))
    // Half of some hundred comparisons that are not independent.
    #expect(abs(unknown.accuracy - 0.5) < 0.25)
    #expect(Taste.heldOut(Sights(features: features), judgements: Array(judgements(liking).prefix(4))) == nil)
  }
}
