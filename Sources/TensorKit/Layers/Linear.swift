package import Files

/// y = x Wᵀ + b, weights as stored: weight [outputs, inputs], bias [outputs].
package struct Linear: Sendable {
  package var weight: Tensor
  package var bias: Tensor
  /// What stands beside the weights where a change of low rank is trained.
  package var term: LowRankTerm?

  /// A linear map of these weights.
  package init(weight: Tensor, bias: Tensor) {
    precondition(weight.shape == [bias.count, weight.width], "weight \(weight.shape) and bias \(bias.shape)")
    self.weight = weight
    self.bias = bias
  }

  /// Reads `weight` and `bias` in `scope`.
  package init(from scope: TensorScope, inputs: Int, outputs: Int) throws(FileError) {
    weight = try scope.tensor("weight", shape: [outputs, inputs])
    bias = try scope.tensor("bias", shape: [outputs])
  }

  /// Several maps of the same input side by side, as one.
  package init(sideBySide maps: [Linear]) {
    weight = Tensor.concatenated(maps.map(\.weight))
    bias = Tensor.concatenated(maps.map(\.bias))
  }

  package func callAsFunction(_ x: Tensor) -> Tensor { linear(x, weight: weight, bias: bias, term: term) }
}

/// A change B A of a linear map's weights by its factors (LoRA, Hu et al. 2021, arXiv 2106.09685): y gains (x Aᵀ) Bᵀ.
package struct LowRankTerm: Sendable {
  /// B, [outputs, rank].
  package var up: Tensor
  /// A, [rank, inputs].
  package var down: Tensor

  /// The change `up` · `down`.
  package init(up: Tensor, down: Tensor) {
    precondition(up.width == down.rows, "factors \(up.shape) and \(down.shape)")
    self.up = up
    self.down = down
  }
}
