import TensorKit
import TestSupport
import Testing

/// Every pullback against the definition of a derivative, along random directions.
///
/// With a loss L = Σ c · f(x), the pullback of c must satisfy ⟨dx, v⟩ = (L(x + h v) − L(x − h v)) / 2h for every v. The
/// quotient is off by O(h²) and by rounding of about 1e-7 · |L| / h; at h = 1e-2 both stay below 1e-3 of |dx| |v|.
@Suite struct FiniteDifferenceTests {
  private func check(
    _ x: Tensor, _ function: (Tensor) -> Tensor, pullback: (Tensor) -> Tensor,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var random = SplitMix(state: 7)
    let cotangent = Tensor.random(function(x).shape, using: &random)
    let gradient = pullback(cotangent)
    #expect(gradient.shape == x.shape, sourceLocation: sourceLocation)
    for _ in 0..<8 {
      let direction = Tensor.random(x.shape, using: &random)
      let step: Float = 1e-2
      let quotient =
        (function(x + step * direction).dot(cotangent) - function(x + -step * direction).dot(cotangent)) / (2 * step)
      let limit = 2e-3 * gradient.norm * direction.norm / Float(x.count).squareRoot() + 1e-4
      let derivative = gradient.dot(direction)
      #expect(
        abs(quotient - derivative) <= limit, "\(derivative), by differences \(quotient)", sourceLocation: sourceLocation
      )
    }
  }

  @Test func linearMap() {
    var random = SplitMix(state: 1)
    let (x, weight) = (Tensor.random([5, 7], using: &random), Tensor.random([6, 7], using: &random))
    let bias = Tensor.random([6], using: &random)
    check(x, { linear($0, weight: weight, bias: bias) }) { linearPullback($0, x: x, weight: weight).dx }
    check(weight, { linear(x, weight: $0, bias: bias) }) { linearPullback($0, x: x, weight: weight).dweight }
    check(bias, { linear(x, weight: weight, bias: $0) }) { linearPullback($0, x: x, weight: weight).dbias }
  }

  /// Adam's step is the gradient itself, times the learning rate over ε, where all gradients are far below ε = 1e-8.
  @Test(arguments: [5, 60])
  func termOfLowRank(rows: Int) throws {
    var random = SplitMix(state: 9)
    let x = Tensor.random([rows, 7], using: &random)
    var map = Linear(weight: Tensor.random([6, 7], using: &random), bias: Tensor.random([6], using: &random))
    let term = LowRankTerm(up: Tensor.random([6, 2], using: &random), down: Tensor.random([2, 7], using: &random))
    map.term = term
    func pulled(_ dy: Tensor) -> (dx: Tensor, up: Tensor, down: Tensor) {
      var (moved, adam) = (map, LowRankAdam(learningRate: 1e4, rank: 2))
      adam.beginStep()
      let dx = adam.pullback(1e-12 * dy, x: x, through: &moved, key: 0)
      let after = moved.term ?? term
      return (1e12 * dx, term.up + -1 * after.up, term.down + -1 * after.down)
    }
    func value(_ term: LowRankTerm) -> Tensor { linear(x, weight: map.weight, bias: map.bias, term: term) }
    check(x, { linear($0, weight: map.weight, bias: map.bias, term: term) }) { pulled($0).dx }
    check(term.up, { value(LowRankTerm(up: $0, down: term.down)) }) { pulled($0).up }
    check(term.down, { value(LowRankTerm(up: term.up, down: $0)) }) { pulled($0).down }
  }

  @Test func layerNormalisation() {
    var random = SplitMix(state: 2)
    let (x, scale) = (Tensor.random([4, 9], using: &random), Tensor.random([9], using: &random))
    let bias = Tensor.random([9], using: &random)
    func norm(_ x: Tensor, _ scale: Tensor, _ bias: Tensor) -> Tensor {
      layerNorm(x, scale: scale, bias: bias, epsilon: 1e-5)
    }
    check(x, { norm($0, scale, bias) }) { layerNormPullback($0, x: x, scale: scale, epsilon: 1e-5).dx }
    check(scale, { norm(x, $0, bias) }) { layerNormPullback($0, x: x, scale: scale, epsilon: 1e-5).dscale }
    check(bias, { norm(x, scale, $0) }) { layerNormPullback($0, x: x, scale: scale, epsilon: 1e-5).dbias }
  }

  @Test(arguments: [Activation.quickGELU, .gelu])
  func activation(activation: Activation) {
    var random = SplitMix(state: 3)
    let x = 2 * Tensor.random([3, 11], using: &random)
    check(x, { activation($0) }) { activation.pullback($0, x: x) }
  }

  @Test(arguments: [true, false])
  func attends(isCausal: Bool) {
    var random = SplitMix(state: 4)
    let attention = Attention(heads: 2, lengths: [3, 1, 6], isCausal: isCausal)
    let x = Tensor.random([10, 3 * 6], using: &random)
    check(x, { attention($0) }) { attention.pullback($0, queriesKeysValues: x) }
  }

  @Test func tableRows() {
    var random = SplitMix(state: 5)
    let numbers = [0, 1, 1, 2, 0]
    let table = Tensor.random([3, 4], using: &random)
    check(table, { rows(numbers, of: $0) }) { rowsPullback($0, numbers: numbers).gradient }
  }

  @Test func similarity() {
    var random = SplitMix(state: 6)
    let (x, target) = (Tensor.random([3, 8], using: &random), Tensor.random([1, 8], using: &random).rowsNormalised())
    check(x, { Tensor(cosineSimilarity($0, target: target), shape: [3]) }) {
      cosineSimilarityPullback($0.elements, x: x, target: target)
    }
  }

  @Test func cutsPatches() {
    var random = SplitMix(state: 8)
    let pixels = Tensor.random([2, 2, 5, 7], using: &random)
    check(pixels, { patches($0, size: 2) }) { patchesPullback($0, pixelShape: pixels.shape, size: 2) }
  }
}
