import Files
import TensorKit

/// Two convolutions beside a shortcut (He et al. 2016, arXiv 1603.05027; diffusers: ResnetBlock2D):
/// y = shortcut(x) + conv(silu(norm(conv(silu(norm(x))) + step))).
struct ResidualBlock: Sendable {
  private let firstNorm: GroupNorm
  private let firstConvolution: Kept<Convolution>
  /// What the step in time adds to each channel between the convolutions; the VAE has none.
  private let step: Linear?
  private let secondNorm: GroupNorm
  private let secondConvolution: Kept<Convolution>
  private let shortcut: Kept<PackedLinear>?
  private let outputs: Int

  init(
    from builder: LayerBuilder, inputs: Int, outputs: Int, groups: Int, epsilon: Float, stepWidth: Int?, lines: Int
  ) throws(FileError) {
    self.outputs = outputs
    firstNorm = try builder.groupNorm("norm1", channels: inputs, groups: groups, epsilon: epsilon)
    firstConvolution = try builder.convolution("conv1", inputs: inputs, outputs: outputs, lines: lines)
    step = try stepWidth.map { width throws(FileError) in
      try Linear(from: builder.scope.scoped("time_emb_proj"), inputs: width, outputs: outputs)
    }
    secondNorm = try builder.groupNorm("norm2", channels: outputs, groups: groups, epsilon: epsilon)
    secondConvolution = try builder.convolution(
      "conv2", inputs: outputs, outputs: outputs, lines: lines, accumulating: true)
    shortcut =
      inputs == outputs
      ? nil : try builder.linear("conv_shortcut", inputs: inputs, outputs: outputs, rows: lines * lines)
  }

  /// x [n, height, width, inputs] to [n, height, width, outputs]; `step` [1, width] is SiLU of the embedded time.
  func callAsFunction(_ x: Tensor, step time: Tensor? = nil) -> Tensor {
    let row = step.flatMap { step in time.map { step($0).reshaped([outputs]) } }
    let inner = firstConvolution()(firstNorm(x, silu: true), addingToBias: row)
    var y = shortcut.map { $0()(x) } ?? x
    secondConvolution().add(secondNorm(inner, silu: true), to: &y)
    return y
  }
}
