package import Files
import Glibc
package import TensorKit

/// The network that predicts the noise in latents (Rombach et al. 2022, arXiv 2112.10752; diffusers:
/// UNet2DConditionModel), for inference: its weights are read straight into the order that suits the CPU.
package struct UNet: Sendable {
  package let configuration: UNetConfiguration
  /// What changes the attention of contexts made from now on.
  package var hypernetworks: [WeightedHypernetwork] = []
  private let timeMaps: (Linear, Linear)
  private let entrance: Kept<Convolution>
  private let down: [DownLevel]
  private let middle: (ResidualBlock, Transformer, ResidualBlock)
  private let up: [UpLevel]
  private let lastNorm: GroupNorm
  private let exit: Kept<Convolution>

  /// Reads the network; `lines` is the height of the latents that it is mostly used for, which decides on algorithms.
  /// Throws if a tensor is missing, left over or of another shape.
  package init(
    from scope: TensorScope, _ configuration: UNetConfiguration, lines: Int = 64, memory: MemoryUse = .normal,
    algorithm: ConvolutionAlgorithm = .fastest
  ) throws(FileError) {
    self.configuration = configuration
    let levels = configuration.levels
    let builder = LayerBuilder(scope, memory: memory, algorithm: algorithm)
    let (first, coarsest, stepWidth) = (levels[0], levels.count - 1, 4 * levels[0])
    timeMaps = (
      try Linear(from: scope.scoped("time_embedding.linear_1"), inputs: first, outputs: stepWidth),
      try Linear(from: scope.scoped("time_embedding.linear_2"), inputs: stepWidth, outputs: stepWidth)
    )
    entrance = try builder.convolution(
      "conv_in", inputs: configuration.inputChannels, outputs: first, lines: lines)
    var down: [DownLevel] = []
    var skips = [first]
    for level in levels.indices {
      let shape = LevelShape(configuration, level: level, lines: max(1, lines >> level))
      down.append(
        try DownLevel(
          from: builder.scoped("down_blocks.\(level)"), shape, inputs: levels[max(0, level - 1)],
          halves: level < coarsest))
      skips += Array(repeating: levels[level], count: configuration.layersPerBlock + (level < coarsest ? 1 : 0))
    }
    self.down = down
    let shape = LevelShape(configuration, level: coarsest, lines: max(1, lines >> coarsest))
    let block = builder.scoped("mid_block")
    middle = (
      try shape.residual(block.scoped("resnets.0"), inputs: shape.channels),
      try shape.transformer(block.scoped("attentions.0")),
      try shape.residual(block.scoped("resnets.1"), inputs: shape.channels)
    )
    var up: [UpLevel] = []
    var channels = shape.channels
    for level in levels.indices.reversed() {
      let shape = LevelShape(configuration, level: level, lines: max(1, lines >> level))
      let own = Array(skips.suffix(configuration.layersPerBlock + 1).reversed())
      skips.removeLast(own.count)
      up.append(
        try UpLevel(
          from: builder.scoped("up_blocks.\(coarsest - level)"), shape, inputs: channels, skips: own,
          doubles: level > 0))
      channels = shape.channels
    }
    self.up = up
    lastNorm = try builder.groupNorm(
      "conv_norm_out", channels: first, groups: configuration.normGroups, epsilon: 1e-5)
    exit = try builder.convolution("conv_out", inputs: first, outputs: configuration.outputChannels, lines: lines)
    try scope.checkAllTaken()
  }

  /// What the network reads of a conditioning [n, tokens, width] at every step, computed once.
  package func context(_ conditioning: Tensor) -> Context {
    precondition(
      conditioning.shape.count == 3 && conditioning.width == configuration.conditioningWidth,
      "a conditioning of \(conditioning.shape) for a network of width \(configuration.conditioningWidth)")
    let transformers = down.flatMap(\.transformers) + [middle.1] + up.flatMap(\.transformers)
    return Context(transformers: transformers.map { $0.context(of: conditioning, hypernetworks) })
  }

  /// The keys and values of a conditioning for each of the network's transformers.
  package struct Context: Sendable {
    fileprivate let transformers: [TransformerContext]
  }

  /// The prediction for x [n, inputs, height, width] at the step `time` (0 to 999, fractions allowed), in the same order.
  /// One x for all n conditionings of the context is computed once until the network first reads them.
  package func callAsFunction(_ x: Tensor, time: Float, context: Context) -> Tensor {
    precondition(x.shape.count == 4 && x.shape[1] == configuration.inputChannels, "latents of \(x.shape)")
    let step = silu(timeMaps.1(silu(timeMaps.0(timeEmbedding(time, width: configuration.levels[0])))))
    var contexts = context.transformers[...]
    var x = entrance()(channelsLast(x))
    var skips = [x]
    for level in down { x = level(x, step, &contexts, &skips) }
    x = middle.0(x, step: step)
    x = middle.1(x, contexts.removeFirst())
    x = middle.2(x, step: step)
    for level in up { x = level(x, step, &contexts, &skips) }
    return channelsFirst(exit()(lastNorm(x, silu: true)))
  }
}

/// cos and sin of the step in time at falling frequencies (Vaswani et al. 2017, arXiv 1706.03762, section 3.5), cosines
/// first: [1, width].
func timeEmbedding(_ time: Float, width: Int) -> Tensor {
  let half = width / 2
  let angles = (0..<half).map { time * exp(-log(10000 as Float) * Float($0) / Float(half)) }
  let rest = [Float](repeating: 0, count: width - 2 * half)
  return Tensor(angles.map { cos($0) } + angles.map { sin($0) } + rest, shape: [1, width])
}
