import Glibc
package import TensorKit

/// Two pictures worth asking about: which is the better one?
package struct PairProposal: Sendable, Hashable {
  /// The rows of the pictures, the smaller first.
  package let first: Int
  package let second: Int
  /// How much the answer is expected to tell about the two, in bits; 1 at most.
  package let information: Double
  /// The probability that the first is preferred, as far as is known.
  package let probability: Double
}

extension Taste {
  /// The `count` pairs among pictures of these features, [n, D], whose answers would tell most about all of them, best first.
  ///
  /// What an answer tells about the difference d between two pictures is its mutual information with d (Houlsby et al.
  /// 2011, arXiv 1112.5745, "BALD"): a pair is worth asking about where the taste does not know which is better, not where
  /// the two are known to be equal. How far that reaches is the variance of all pictures' utilities that d explains,
  /// Σ cov(d, u)² / var(d) (MacKay 1992, Neural Computation 4, 590-604: information about a region of interest). The pair
  /// with the greatest product is proposed.
  ///
  /// Every further pair is chosen as if those before it had been answered, which lowers the variance of all that depends
  /// on them; so several pairs do not ask the same thing. `asked` are pairs that are left out. Takes time that grows as n³
  /// and memory as n²: 1,000 pictures are half a million pairs.
  package func proposals(_ features: Tensor, count: Int = 1, asked: Set<Set<Int>> = []) -> [PairProposal] {
    let pictures = features.rows
    guard pictures > 1 else { return [] }
    let utilities = utilities(features)
    var covariances = covariances(features)
    var asked = asked
    var proposals: [PairProposal] = []
    while proposals.count < count, let best = Self.best(utilities, covariances, asked) {
      proposals.append(best)
      asked.insert([best.first, best.second])
      // The answer's curvature c at the mean adds c to the precision along the difference (Sherman and Morrison 1950).
      let along = covariances.rows(best.first..<best.first + 1) + -1 * covariances.rows(best.second..<best.second + 1)
      let variance = along.elements[best.first] - along.elements[best.second]
      let curvature = Float(best.probability * (1 - best.probability))
      let share = curvature / (1 + curvature * variance)
      covariances = covariances + -share * matrixProduct(along, transposed: true, along)
    }
    return proposals
  }

  private static func best(_ utilities: [Double], _ covariances: Tensor, _ asked: Set<Set<Int>>) -> PairProposal? {
    let pictures = utilities.count
    let (k, squares) = (covariances.elements, matrixProduct(covariances, covariances).elements)
    /// The sum over what the pictures at `first` and `second` of a symmetric matrix differ by.
    func difference(_ matrix: [Float], _ first: Int, _ second: Int) -> Double {
      Double(matrix[first * pictures + first]) + Double(matrix[second * pictures + second])
        - 2 * Double(matrix[first * pictures + second])
    }
    var (best, highest): (PairProposal?, Double) = (nil, -1)
    for first in 0..<pictures - 1 {
      for second in first + 1..<pictures {
        let (variance, mean) = (max(0, difference(k, first, second)), utilities[first] - utilities[second])
        let information = information(mean: mean, variance: variance)
        let explained = variance > 0 ? difference(squares, first, second) / variance : 0
        guard information * explained > highest, asked.isEmpty || !asked.contains([first, second]) else { continue }
        highest = information * explained
        best = PairProposal(
          first: first, second: second, information: information,
          probability: sigmoid(mean / (1 + .pi / 8 * variance).squareRoot()))
      }
    }
    return best
  }

  /// The mutual information in bits between d, normal with this mean and variance, and an answer of probability σ(d):
  /// Houlsby et al., equation 3, with Φ(√(π/8) d) for σ(d); off by less than 0.04 bits.
  package static func information(mean: Double, variance: Double) -> Double {
    let (mean, variance) = (mean * (Double.pi / 8).squareRoot(), variance * Double.pi / 8)
    let probability = 0.5 * erfc(-mean / (2 * (1 + variance)).squareRoot())
    let known = Double.pi * M_LN2 / 2
    let noise = (known / (variance + known)).squareRoot() * exp(-mean * mean / (2 * (variance + known)))
    return max(0, entropy(probability) - noise)
  }

  private static func entropy(_ p: Double) -> Double {
    p <= 0 || p >= 1 ? 0 : -(p * log2(p) + (1 - p) * log2(1 - p))
  }
}
