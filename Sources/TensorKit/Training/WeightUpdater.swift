/// What becomes of the weights' gradients on the way back through a network.
///
/// A layer does not know whether its weights are trained, how, or whether their gradient is ever formed: it hands over
/// the factors. Keys number a network's parameters, so that an updater can keep something for each.
package protocol WeightUpdater {
  /// Begins the next step: every parameter is to be updated once after it.
  mutating func beginStep()

  /// The pullback of y = x Wᵀ + b: returns dx = dy W and does with dW = dyᵀ x and db what it likes, once dx is known.
  mutating func pullback(_ dy: Tensor, x: Tensor, through map: inout Linear, key: Int) -> Tensor

  /// Takes the gradient of a parameter that is a vector or small table.
  mutating func update(_ parameter: inout Tensor, gradient: Tensor, key: Int)

  /// The pullback of looking up the rows `numbers` of a table.
  mutating func update(_ table: inout Tensor, rows numbers: [Int], dy: Tensor, key: Int)
}

extension WeightUpdater {
  package mutating func beginStep() {}

  /// The pullback of a layer norm at x.
  package mutating func pullback(_ dy: Tensor, x: Tensor, through norm: inout LayerNorm, key: Int) -> Tensor {
    let pulled = layerNormPullback(dy, x: x, scale: norm.scale, epsilon: norm.epsilon)
    update(&norm.scale, gradient: pulled.dscale, key: key)
    update(&norm.bias, gradient: pulled.dbias, key: key + 1)
    return pulled.dx
  }

  /// Rows that were not looked up have no gradient, and Adam leaves what never had one where it is, so only the others are
  /// touched.
  package mutating func update(_ table: inout Tensor, rows numbers: [Int], dy: Tensor, key: Int) {
    let (distinct, gradient) = rowsPullback(dy, numbers: numbers)
    var inPlay = rows(distinct, of: table)
    update(&inPlay, gradient: gradient, key: key)
    let width = table.width
    unsafe table.withUnsafeMutableElements { table in
      unsafe inPlay.withUnsafeElements { inPlay in
        for (place, row) in distinct.enumerated() {
          for column in 0..<width { unsafe table[row * width + column] = inPlay[place * width + column] }
        }
      }
    }
  }
}
