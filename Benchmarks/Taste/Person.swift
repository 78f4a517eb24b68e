import Aesthetic
import Foundation
import TensorKit

/// Somebody whose taste is known exactly: how much they like every picture of the pool.
struct Person: Sendable {
  let utilities: [Double]

  /// Somebody whose taste is linear in the features, along a direction drawn evenly from all.
  init(linearIn features: Tensor, _ random: inout SplitMix) {
    let direction = Tensor((0..<features.width).map { _ in Float(random.normal()) }, shape: [features.width, 1])
    utilities = matrixProduct(features, direction).elements.map { Double($0) }
  }

  /// Somebody who likes what has much of these statistics, or, where the factor is −1, little.
  init(_ wanted: [(name: String, factor: Double)], in pool: Pool) {
    var sums = [Double](repeating: 0, count: pool.features.rows)
    for (name, factor) in wanted {
      for (index, value) in (pool.statistics[name] ?? []).enumerated() { sums[index] += factor * value }
    }
    utilities = sums
  }

  /// One for every statistic, and for every mix of two: of both much, or much of the first and little of the second.
  static func lookingAtPixels(of pool: Pool) -> [Person] {
    let names = pool.statistics.keys.sorted()
    let pairs = names.indices.flatMap { first in (first + 1..<names.count).map { (names[first], names[$0]) } }
    return names.map { Person([($0, 1)], in: pool) }
      + pairs.flatMap { pair in [1, -1].map { Person([(pair.0, 1), (pair.1, $0)], in: pool) } }
  }

  /// Which of two pictures is the better one; with the share `errors` of wrong answers.
  func answer(_ first: Int, _ second: Int, errors: Double, _ random: inout SplitMix) -> Answer {
    let isFirst = (utilities[first] > utilities[second]) != (Double.random(in: 0..<1, using: &random) < errors)
    return isFirst ? Answer(winner: first, loser: second) : Answer(winner: second, loser: first)
  }
}

/// Two pictures of the pool, the better one first.
struct Answer: Sendable, Hashable {
  let winner: Int
  let loser: Int
}

/// Random numbers from a seed (Steele, Lea and Flood 2014).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A draw from the standard normal distribution (Box and Muller 1958).
  mutating func normal() -> Double {
    let radius = (-2 * log(Double.random(in: Double.leastNonzeroMagnitude..<1, using: &self))).squareRoot()
    return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &self))
  }
}
