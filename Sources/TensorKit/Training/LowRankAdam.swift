/// Adam on factors of low rank beside the weights of linear maps (LoRA, Hu et al. 2021, arXiv 2106.09685), which stay as
/// they are, as do biases, norms and tables: y = x Wᵀ + (x Aᵀ) Bᵀ.
///
/// B begins at zero. A begins with the leading right singular vectors of the weights' first gradient G = Σ s u vᵀ, as in
/// LoRA-GA (Wang et al. 2024, arXiv 2407.05000): whatever B does first, it does where the loss falls fastest.
///
/// A's length makes a learning rate mean what it means for all weights. Adam's first step is η sign(g) in every element g.
/// Taking the singular vectors' elements for normally distributed, sign(G) holds √(2/π) √(inputs · outputs) s / ‖s‖ of
/// u vᵀ, so that the loss falls by η √(2/π) √(inputs · outputs) ‖s‖ to first order. With A's rows c √inputs v, B's first
/// step is η sign(u) in each column, which holds √(2/π) √outputs of u, and the loss falls by
/// η √(2/π) √(inputs · outputs) c Σ s. Both are equal for c = ‖s‖ / Σ s. Rows as long for weak directions as for strong ones
/// follow the exact steps best once the gradient turns (docs/design.md).
package struct LowRankAdam: WeightUpdater {
  private var adam: Adam
  private let rank: Int

  /// Adam with this learning rate on factors of this rank.
  package init(learningRate: Double, rank: Int) {
    precondition(rank > 0, "a rank of \(rank)")
    adam = Adam(learningRate: learningRate)
    self.rank = rank
  }

  package mutating func beginStep() { adam.beginStep() }

  /// With t = x Aᵀ and dt = dy B: dB = dyᵀ t, dA = dtᵀ x and dx = dy W + dt A. So B is a map from t, and A one from x.
  package mutating func pullback(_ dy: Tensor, x: Tensor, through map: inout Linear, key: Int) -> Tensor {
    var term = map.term ?? start(dy, x: x, of: map.weight)
    let compressed = linear(x, weight: term.down)
    let dcompressed = adam.pullback(dy, x: compressed, through: &term.up, key: key)
    var dx = adam.pullback(dcompressed, x: x, through: &term.down, key: key + 1)
    map.term = term
    dx += linearInputPullback(dy, weight: map.weight)
    return dx
  }

  package mutating func update(_ parameter: inout Tensor, gradient: Tensor, key: Int) {}
  package mutating func update(_ table: inout Tensor, rows numbers: [Int], dy: Tensor, key: Int) {}

  /// The factors before the first step, for the gradient dyᵀ x of `weight`. Where it has fewer directions than there is
  /// room for, rows of A are zero and stay so: what rounding leaves of it has no say.
  private func start(_ dy: Tensor, x: Tensor, of weight: Tensor) -> LowRankTerm {
    var term = LowRankTerm(up: Tensor(zeros: [weight.rows, rank]), down: Tensor(zeros: [rank, weight.width]))
    guard let gradient = SingularValueDecomposition(leading: rank, ofProduct: dy, x) else { return term }
    let values = gradient.values.prefix(rank).prefix { $0 > 1e-5 * gradient.values[0] }
    let (length, sum) = (values.reduce(0) { $0 + $1 * $1 }.squareRoot(), values.reduce(0, +))
    if sum > 0 {
      let factor = length / sum * Float(weight.width).squareRoot()
      term.down.add(factor, times: gradient.vTransposed.rows(0..<values.count))
    }
    return term
  }
}
