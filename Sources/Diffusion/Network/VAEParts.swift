import Files
import TensorKit

/// Pictures to the moments of their latents: [n, height, width, 3] to [n, height / 8, width / 8, 2 · latents].
struct VAEEncoder: Sendable {
  private let entrance: Kept<Convolution>
  private let levels: [(blocks: [ResidualBlock], halving: Kept<Convolution>?)]
  private let middle: VAEMiddle
  private let norm: GroupNorm
  private let exit: Kept<Convolution>
  private let moments: Kept<PackedLinear>

  init(from whole: LayerBuilder, _ configuration: VAEConfiguration, lines: Int) throws(FileError) {
    let builder = whole.scoped("encoder")
    let channels = configuration.levels
    let (coarsest, latents) = (channels.count - 1, configuration.latentChannels)
    entrance = try builder.convolution("conv_in", inputs: 3, outputs: channels[0], lines: lines << coarsest)
    var levels: [(blocks: [ResidualBlock], halving: Kept<Convolution>?)] = []
    for level in channels.indices {
      let part = builder.scoped("down_blocks.\(level)")
      let lines = lines << (coarsest - level)
      let blocks = try vaeBlocks(
        part, count: configuration.layersPerBlock, inputs: channels[max(0, level - 1)], outputs: channels[level],
        groups: configuration.normGroups, lines: lines)
      let halving =
        level < coarsest
        ? try part.convolution(
          "downsamplers.0.conv", inputs: channels[level], outputs: channels[level], stride: 2,
          padding: .belowAndRight, lines: lines) : nil
      levels.append((blocks, halving))
    }
    self.levels = levels
    middle = try VAEMiddle(
      from: builder.scoped("mid_block"), channels: channels[coarsest], groups: configuration.normGroups, lines: lines)
    norm = try builder.groupNorm(
      "conv_norm_out", channels: channels[coarsest], groups: configuration.normGroups, epsilon: 1e-6)
    exit = try builder.convolution("conv_out", inputs: channels[coarsest], outputs: 2 * latents, lines: lines)
    moments = try whole.linear("quant_conv", inputs: 2 * latents, outputs: 2 * latents, rows: lines * lines)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var x = entrance()(x)
    for level in levels {
      for block in level.blocks { x = block(x) }
      if let halving = level.halving { x = halving()(x) }
    }
    return moments()(exit()(norm(middle(x), silu: true)))
  }
}

/// Latents to pictures: [n, height, width, latents] to [n, 8 · height, 8 · width, 3].
struct VAEDecoder: Sendable {
  private let latents: Kept<PackedLinear>
  private let entrance: Kept<Convolution>
  private let middle: VAEMiddle
  private let levels: [(blocks: [ResidualBlock], doubling: Kept<Convolution>?)]
  private let norm: GroupNorm
  private let exit: Kept<Convolution>

  init(from whole: LayerBuilder, _ configuration: VAEConfiguration, lines: Int) throws(FileError) {
    let builder = whole.scoped("decoder")
    let channels = Array(configuration.levels.reversed())
    let count = configuration.latentChannels
    latents = try whole.linear("post_quant_conv", inputs: count, outputs: count, rows: lines * lines)
    entrance = try builder.convolution("conv_in", inputs: count, outputs: channels[0], lines: lines)
    middle = try VAEMiddle(
      from: builder.scoped("mid_block"), channels: channels[0], groups: configuration.normGroups, lines: lines)
    var levels: [(blocks: [ResidualBlock], doubling: Kept<Convolution>?)] = []
    for level in channels.indices {
      let part = builder.scoped("up_blocks.\(level)")
      let blocks = try vaeBlocks(
        part, count: configuration.layersPerBlock + 1, inputs: channels[max(0, level - 1)], outputs: channels[level],
        groups: configuration.normGroups, lines: lines << level)
      let doubling =
        level + 1 < channels.count
        ? try part.convolution(
          "upsamplers.0.conv", inputs: channels[level], outputs: channels[level], lines: lines << (level + 1)) : nil
      levels.append((blocks, doubling))
    }
    self.levels = levels
    let finest = channels.count - 1
    norm = try builder.groupNorm(
      "conv_norm_out", channels: channels[finest], groups: configuration.normGroups, epsilon: 1e-6)
    exit = try builder.convolution("conv_out", inputs: channels[finest], outputs: 3, lines: lines << finest)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var x = middle(entrance()(latents()(x)))
    for level in levels {
      for block in level.blocks { x = block(x) }
      if let doubling = level.doubling {
        x = doubling()(enlarged(x, height: 2 * x.shape[1], width: 2 * x.shape[2]))
      }
    }
    return exit()(norm(x, silu: true))
  }
}

private func vaeBlocks(
  _ builder: LayerBuilder, count: Int, inputs: Int, outputs: Int, groups: Int, lines: Int
) throws(FileError) -> [ResidualBlock] {
  var blocks: [ResidualBlock] = []
  for number in 0..<count {
    blocks.append(
      try ResidualBlock(
        from: builder.scoped("resnets.\(number)"), inputs: number == 0 ? inputs : outputs, outputs: outputs,
        groups: groups, epsilon: 1e-6, stepWidth: nil, lines: lines))
  }
  return blocks
}

/// Two residual blocks with attention of one head between them.
struct VAEMiddle: Sendable {
  private let first: ResidualBlock
  private let norm: GroupNorm
  private let queriesKeysValues: Kept<PackedLinear>
  private let output: Kept<PackedLinear>
  private let second: ResidualBlock
  private let isExact: Bool

  init(from builder: LayerBuilder, channels: Int, groups: Int, lines: Int) throws(FileError) {
    func block(_ name: String) throws(FileError) -> ResidualBlock {
      try ResidualBlock(
        from: builder.scoped(name), inputs: channels, outputs: channels, groups: groups, epsilon: 1e-6,
        stepWidth: nil, lines: lines)
    }
    first = try block("resnets.0")
    let attention = builder.scoped("attentions.0")
    isExact = builder.isExact
    norm = try attention.groupNorm("group_norm", channels: channels, groups: groups, epsilon: 1e-6)
    queriesKeysValues = try attention.linear(
      "to_q", "to_k", "to_v", inputs: channels, outputs: channels, rows: lines * lines)
    output = try attention.linear(
      "to_out.0", inputs: channels, outputs: channels, rows: lines * lines, accumulating: true)
    second = try block("resnets.1")
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var x = first(x)
    let channels = x.width
    let rows = queriesKeysValues()(norm(x))
    let keys = PackedKeys(
      rows, sequences: x.shape[0], heads: 1, headWidth: channels, keysAt: channels, valuesAt: 2 * channels,
      exactly: isExact)
    output().add(keys.attended(by: rows).reshaped(x.shape), to: &x)
    return second(x)
  }
}
