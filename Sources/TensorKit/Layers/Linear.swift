package import Files

/// y = x Wᵀ + b, weights as stored: weight [outputs, inputs], bias [outputs].
package struct Linear: Sendable {
  package var weight: Tensor
  package var bias: Tensor

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

  package func callAsFunction(_ x: Tensor) -> Tensor { linear(x, weight: weight, bias: bias) }
}
