package import Files

/// Group normalisation with learned scale and bias, each [channels].
package struct GroupNorm: Sendable {
  private let scale: Tensor
  private let bias: Tensor
  private let groups: Int
  private let epsilon: Float

  /// Reads `weight` (the scale) and `bias` in `scope`.
  package init(from scope: TensorScope, channels: Int, groups: Int, epsilon: Float) throws(FileError) {
    scale = try scope.tensor("weight", shape: [channels])
    bias = try scope.tensor("bias", shape: [channels])
    (self.groups, self.epsilon) = (groups, epsilon)
  }

  /// The norm of x [n, height, width, channels], then SiLU on request.
  package func callAsFunction(_ x: Tensor, silu: Bool = false) -> Tensor {
    groupNorm(x, groups: groups, scale: scale, bias: bias, epsilon: epsilon, silu: silu)
  }
}
