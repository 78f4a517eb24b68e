import Files
import TensorKit

/// What the blocks of one level have in common.
struct LevelShape {
  let channels: Int
  let layers: Int
  let attends: Bool
  private let heads: Int
  private let conditioningWidth: Int
  private let groups: Int
  private let stepWidth: Int
  let lines: Int

  init(_ configuration: UNetConfiguration, level: Int, lines: Int) {
    channels = configuration.levels[level]
    layers = configuration.layersPerBlock
    attends = configuration.attends[level]
    heads = configuration.heads[level]
    conditioningWidth = configuration.conditioningWidth
    groups = configuration.normGroups
    stepWidth = 4 * configuration.levels[0]
    self.lines = lines
  }

  func residual(_ builder: LayerBuilder, inputs: Int) throws(FileError) -> ResidualBlock {
    try ResidualBlock(
      from: builder, inputs: inputs, outputs: channels, groups: groups, epsilon: 1e-5, stepWidth: stepWidth,
      lines: lines)
  }

  func transformer(_ builder: LayerBuilder) throws(FileError) -> Transformer {
    try Transformer(
      from: builder, channels: channels, heads: heads, conditioningWidth: conditioningWidth, groups: groups,
      lines: lines)
  }
}

/// A residual block, and a transformer where the level reads the conditioning.
private struct UNetLayer: Sendable {
  let block: ResidualBlock
  let transformer: Transformer?

  init(from builder: LayerBuilder, _ shape: LevelShape, number: Int, inputs: Int) throws(FileError) {
    block = try shape.residual(builder.scoped("resnets.\(number)"), inputs: inputs)
    transformer = shape.attends ? try shape.transformer(builder.scoped("attentions.\(number)")) : nil
  }

  func callAsFunction(_ x: Tensor, _ step: Tensor, _ contexts: inout ArraySlice<TransformerContext>) -> Tensor {
    let y = block(x, step: step)
    return transformer.map { $0(y, contexts.removeFirst()) } ?? y
  }
}

/// A level on the way down: its layers, and the halving of the picture behind them.
struct DownLevel: Sendable {
  private let layers: [UNetLayer]
  private let halving: Kept<Convolution>?

  init(from builder: LayerBuilder, _ shape: LevelShape, inputs: Int, halves: Bool) throws(FileError) {
    var layers: [UNetLayer] = []
    for number in 0..<shape.layers {
      layers.append(
        try UNetLayer(from: builder, shape, number: number, inputs: number == 0 ? inputs : shape.channels))
    }
    self.layers = layers
    halving =
      halves
      ? try builder.convolution(
        "downsamplers.0.conv", inputs: shape.channels, outputs: shape.channels, stride: 2, lines: shape.lines) : nil
  }

  var transformers: [Transformer] { layers.compactMap(\.transformer) }

  /// Leaves in `skips` what the way up will want to see again.
  func callAsFunction(
    _ x: Tensor, _ step: Tensor, _ contexts: inout ArraySlice<TransformerContext>, _ skips: inout [Tensor]
  ) -> Tensor {
    var x = x
    for layer in layers {
      x = layer(x, step, &contexts)
      skips.append(x)
    }
    if let halving {
      x = halving()(x)
      skips.append(x)
    }
    return x
  }
}

/// A level on the way up: its layers, each with what the way down has left beside its input, and the doubling behind them.
struct UpLevel: Sendable {
  private let layers: [UNetLayer]
  private let doubling: Kept<Convolution>?

  init(
    from builder: LayerBuilder, _ shape: LevelShape, inputs: Int, skips: [Int], doubles: Bool
  ) throws(FileError) {
    var layers: [UNetLayer] = []
    for (number, skip) in skips.enumerated() {
      layers.append(
        try UNetLayer(
          from: builder, shape, number: number, inputs: (number == 0 ? inputs : shape.channels) + skip))
    }
    self.layers = layers
    doubling =
      doubles
      ? try builder.convolution(
        "upsamplers.0.conv", inputs: shape.channels, outputs: shape.channels, lines: 2 * shape.lines) : nil
  }

  var transformers: [Transformer] { layers.compactMap(\.transformer) }

  func callAsFunction(
    _ x: Tensor, _ step: Tensor, _ contexts: inout ArraySlice<TransformerContext>, _ skips: inout [Tensor]
  ) -> Tensor {
    var x = x
    for layer in layers { x = layer(besideEachOther(x, skips.removeLast().repeated(x.shape[0])), step, &contexts) }
    guard let doubling, let next = skips.last else { return x }
    // To the size of what comes next from the way down, which is not twice this one where that had an odd length.
    return doubling()(enlarged(x, height: next.shape[1], width: next.shape[2]))
  }
}
