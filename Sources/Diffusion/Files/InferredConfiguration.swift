import Files
import TensorKit

// Single files say nothing about their model's shape but the tensors' own shapes. The number of heads and of groups cannot
// be seen from them: those of Stable Diffusion 1.x are taken.

extension UNetConfiguration {
  /// The shape that the tensors have.
  init(inferredFrom weights: TensorScope, layersPerBlock layers: Int) throws(FileError) {
    self.init()
    let levels = weights.firstLengths { "down_blocks.\($0).resnets.0.conv1.weight" }
    guard !levels.isEmpty, layers >= 1 else {
      throw weights.error("has no blocks \"model.diffusion_model.input_blocks.1.…\" as Stable Diffusion 1.x has them")
    }
    self.levels = levels
    layersPerBlock = layers
    heads = Array(repeating: 8, count: levels.count)
    attends = levels.indices.map { weights.has("down_blocks.\($0).attentions.0.norm.weight") }
    inputChannels = weights.shape("conv_in.weight")?.dropFirst().first ?? inputChannels
    outputChannels = weights.shape("conv_out.weight")?.first ?? outputChannels
    let key = weights.shape("mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight")
    conditioningWidth = key?.last ?? conditioningWidth
    if let channels = levels.first(where: { $0 % normGroups != 0 || $0 % 8 != 0 }) {
      throw weights.error("has a level of \(channels) channels; multiples of \(normGroups) were expected")
    }
  }
}

extension VAEConfiguration {
  /// The shape that the tensors have.
  init(inferredFrom weights: TensorScope) throws(FileError) {
    self.init()
    levels = weights.firstLengths { "encoder.down_blocks.\($0).resnets.0.conv1.weight" }
    layersPerBlock = weights.firstLengths { "encoder.down_blocks.0.resnets.\($0).conv1.weight" }.count
    latentChannels = weights.shape("decoder.conv_in.weight")?.dropFirst().first ?? latentChannels
    guard !levels.isEmpty, layersPerBlock > 0 else {
      throw weights.error("has no VAE encoder (encoder.down.0.block.0.…)")
    }
    if let channels = levels.first(where: { $0 % normGroups != 0 }) {
      throw weights.error("has a level of \(channels) channels; multiples of \(normGroups) were expected")
    }
  }
}

extension TensorScope {
  /// The first lengths of the tensors numbered from 0 on, as far as there are any.
  fileprivate func firstLengths(_ name: (Int) -> String) -> [Int] {
    var lengths: [Int] = []
    while lengths.count < 64, let length = shape(ByteString(name(lengths.count)))?.first { lengths.append(length) }
    return lengths
  }
}
