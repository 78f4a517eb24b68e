import Glibc
package import TensorKit

/// Two pictures worth asking about: which is the better one?
package struct PairProposal: Sendable, Hashable {
  /// The rows of the pictures, the smaller first.
  package let first: Int
  package let second: Int
  /// How much the answer is expected to tell about the taste, in bits; 1 at most.
  package let information: Double
  /// The probability that the first is preferred, as far as is known.
  package let probability: Double
}

extension Taste {
  /// The `count` pairs among pictures of these features, [n, D], whose answers would tell most about the taste, best first.
  ///
  /// What an answer tells is the mutual information between it and the utilities (Houlsby et al. 2011, arXiv 1112.5745,
  /// "BALD"): a pair is worth asking about where the taste does not know which is better, not where the two are known to be
  /// equal. Every further pair is chosen as if those before it had been answered, which lowers the variance of all that
  /// depends on them; so several pairs at once do not ask the same thing. `asked` are pairs that are left out. Takes time
  /// and memory that grow as n²: 1,000 pictures are half a million pairs.
  package func proposals(_ features: Tensor, count: Int = 1, asked: Set<Set<Int>> = []) -> [PairProposal] {
    let pictures = features.rows
    guard pictures > 1 else { return [] }
    let utilities = utilities(features)
    var covariances = covariances(features).elements.map { Double($0) }
    var asked = asked
    var proposals: [PairProposal] = []
    while proposals.count < count {
      guard let best = Self.best(utilities, covariances, asked) else { break }
      proposals.append(best)
      asked.insert([best.first, best.second])
      // The answer's curvature c at the mean adds c to the precision along the difference (Sherman and Morrison 1950).
      let column = (0..<pictures).map {
        covariances[best.first * pictures + $0] - covariances[best.second * pictures + $0]
      }
      let curvature = best.probability * (1 - best.probability)
      let share = curvature / (1 + curvature * (column[best.first] - column[best.second]))
      for row in 0..<pictures {
        for other in 0..<pictures { covariances[row * pictures + other] -= share * column[row] * column[other] }
      }
    }
    return proposals
  }

  private static func best(
    _ utilities: [Double], _ covariances: [Double], _ asked: Set<Set<Int>>
  ) -> PairProposal? {
    let pictures = utilities.count
    var best: PairProposal?
    for first in 0..<pictures {
      for second in first + 1..<max(first + 1, pictures) {
        let variance =
          covariances[first * pictures + first] + covariances[second * pictures + second]
          - 2 * covariances[first * pictures + second]
        let mean = utilities[first] - utilities[second]
        let information = information(mean: mean, variance: max(0, variance))
        guard information > best?.information ?? -1, asked.isEmpty || !asked.contains([first, second]) else { continue }
        best = PairProposal(
          first: first, second: second, information: information,
          probability: sigmoid(mean / (1 + .pi / 8 * max(0, variance)).squareRoot()))
      }
    }
    return best
  }

  /// The mutual information in bits between an answer of probability σ(d) and d, normal with this mean and variance:
  /// Houlsby et al., equation 3, with σ(d) taken for Φ(√(π/8) d) (MacKay 1992).
  package static func information(mean: Double, variance: Double) -> Double {
    let (mean, variance) = (mean * (Double.pi / 8).squareRoot(), variance * Double.pi / 8)
    let probability = 0.5 * erfc(-mean / (2 * (1 + variance)).squareRoot())
    let known = Double.pi * M_LN2 / 2
    let noise = (known / (variance + known)).squareRoot() * exp(-mean * mean / (2 * (variance + known)))
    return entropy(probability) - noise
  }

  private static func entropy(_ p: Double) -> Double {
    p <= 0 || p >= 1 ? 0 : -(p * log2(p) + (1 - p) * log2(1 - p))
  }
}
