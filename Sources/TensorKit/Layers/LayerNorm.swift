package import Files

/// Layer normalisation with learned scale and bias, each [width].
package struct LayerNorm: Sendable {
  package var scale: Tensor
  package var bias: Tensor
  package let epsilon: Float

  /// Reads `weight` (the scale) and `bias` in `scope`.
  package init(from scope: TensorScope, width: Int, epsilon: Float) throws(FileError) {
    scale = try scope.tensor("weight", shape: [width])
    bias = try scope.tensor("bias", shape: [width])
    self.epsilon = epsilon
  }

  package func callAsFunction(_ x: Tensor) -> Tensor { layerNorm(x, scale: scale, bias: bias, epsilon: epsilon) }
}
