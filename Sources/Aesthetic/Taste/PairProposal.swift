import Glibc
import TensorKit

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
  /// The `count` pairs among these pictures whose answers would tell most about the order of all of them, best first.
  ///
  /// A pair is the better, the more its answer is expected to lower the sum of the variances of the differences between any
  /// two pictures' utilities (Cohn, Ghahramani and Jordan 1996, Journal of Artificial Intelligence Research 4: learning where
  /// it lowers the expected variance). How good all pictures are alike is not asked about: what counts of the utilities u is
  /// u minus their mean ū (Chaloner and Verdinelli 1995, Statistical Science 10: a design is as good as what it tells about
  /// the combinations that are wanted, here the contrasts). What it shares with the difference d between the two is
  /// Σ cov(d, u − ū)² / var(d), and the answer removes the part of it that `removedShare` says: little where it is known
  /// which is better, and where the two are hardly different.
  ///
  /// Every further pair is chosen as if those before it had been answered, which lowers the variance of all that depends
  /// on them; so several pairs do not ask the same thing. `asked` are pairs that are left out. For k features, takes time
  /// that grows as n² k and memory as n²: 2,000 pictures are two million pairs.
  package func proposals(_ sights: Sights, count: Int = 1, asked: Set<Set<Int>> = []) -> [PairProposal] {
    guard sights.count > 1 else { return [] }
    let utilities = utilities(sights)
    var (places, covariance) = spread(sights)
    let seen = places.centred(places.mean())
    let scatter = matrixProduct(seen, transposed: true, seen)  // [k, k]
    var asked = asked
    var proposals: [PairProposal] = []
    while proposals.count < count {
      let squares = matrixProduct(matrixProduct(covariance, scatter), covariance)  // [k, k]
      guard
        let best = Self.best(
          utilities, variances: Self.between(places, covariance), explained: Self.between(places, squares), asked)
      else { break }
      proposals.append(best)
      asked.insert([best.first, best.second])
      // The answer's curvature c at the mean adds c to the precision along the difference (Sherman and Morrison 1950).
      let difference = places.rows(best.first..<best.first + 1) + -1 * places.rows(best.second..<best.second + 1)
      let along = matrixProduct(difference, covariance)  // [1, k]
      let curvature = best.probability * (1 - best.probability)
      let share = curvature / (1 + curvature * max(0, along.inner(difference)))
      covariance = covariance + Float(-share) * matrixProduct(along, transposed: true, along)
    }
    return proposals
  }

  /// z m zᵀ, [n, n], for the places z of pictures and a symmetric m.
  private static func between(_ places: Tensor, _ matrix: Tensor) -> Tensor {
    matrixProduct(matrixProduct(places, matrix), places, otherTransposed: true)
  }

  /// The best pair that has not been asked about. For the differences between any two pictures, `variances` is the matrix
  /// of the form that is their variance, `explained` that of the sum of squared covariances with u − ū, both [n, n].
  private static func best(
    _ utilities: [Double], variances: Tensor, explained: Tensor, _ asked: Set<Set<Int>>
  ) -> PairProposal? {
    let pictures = utilities.count
    let (k, squares) = (variances.elements, explained.elements)
    /// The value of a form for what the pictures at `first` and `second` differ by.
    func difference(_ matrix: [Float], _ first: Int, _ second: Int) -> Double {
      Double(matrix[first * pictures + first]) + Double(matrix[second * pictures + second])
        - 2 * Double(matrix[first * pictures + second])
    }
    var (best, highest): ((first: Int, second: Int)?, Double) = (nil, -1)
    for first in 0..<pictures - 1 {
      for second in first + 1..<pictures {
        let variance = max(0, difference(k, first, second))
        let square = max(0, difference(squares, first, second))
        // Nothing is removed by more than if the two were as good as each other.
        guard square * mostRemoved > highest * (variance + logisticVariance) else { continue }
        let share = variance > 0 ? square / variance : 0
        let worth = share * removedShare(mean: utilities[first] - utilities[second], variance: variance)
        guard worth > highest, asked.isEmpty || !asked.contains([first, second]) else { continue }
        (highest, best) = (worth, (first, second))
      }
    }
    return best.map { best in
      let (variance, mean) = (
        max(0, difference(k, best.first, best.second)), utilities[best.first] - utilities[best.second]
      )
      return PairProposal(
        first: best.first, second: best.second, information: information(mean: mean, variance: variance),
        probability: sigmoid(mean / (1 + .pi / 8 * variance).squareRoot()))
    }
  }

  /// The variance of the normal noise that stands for the logistic one: σ(x) ≈ Φ(x √(π/8)) (MacKay 1992).
  private static let logisticVariance = 8 / Double.pi
  /// The part of a normal variable's variance that its sign removes.
  private static let mostRemoved = 2 / Double.pi

  /// The part of the variance of d, normal with this mean and variance, that an answer of probability σ(d) is expected to
  /// remove: φ(z)² / (Φ(z) Φ(−z)) · var / (var + s²), with s² the noise's variance and z the mean over its deviation and
  /// that of the noise together (Rasmussen and Williams 2006, equations 3.77 and 3.84, averaged over both answers).
  package static func removedShare(mean: Double, variance: Double) -> Double {
    let total = variance + logisticVariance
    let z = mean / total.squareRoot()
    let both = erfc(z / 2.0.squareRoot()) * erfc(-z / 2.0.squareRoot()) / 4
    return both > 0 ? exp(-z * z) / (2 * .pi) / both * variance / total : 0
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
