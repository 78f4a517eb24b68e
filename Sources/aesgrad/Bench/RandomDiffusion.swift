import Files
import Foundation
import SystemPackage
import TensorKit

/// UNet and VAE of the size of Stable Diffusion 1.5 with random weights in half precision, as a folder that diffusers
/// reads too.
enum RandomDiffusion {
  private static let levels = [320, 640, 1280, 1280]
  private static let vaeLevels = [128, 256, 512, 512]
  static let conditioningWidth = 768

  /// Writes the folder's files.
  static func write(to folder: FilePath) throws {
    try write(
      unet,
      """
      {"_class_name": "UNet2DConditionModel", "act_fn": "silu", "attention_head_dim": 8,
       "block_out_channels": [320, 640, 1280, 1280], "cross_attention_dim": 768, "in_channels": 4, "out_channels": 4,
       "layers_per_block": 2, "norm_num_groups": 32, "sample_size": 64,
       "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
       "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]}
      """, to: folder.appending("unet"))
    try write(
      vae,
      """
      {"_class_name": "AutoencoderKL", "act_fn": "silu", "block_out_channels": [128, 256, 512, 512], "in_channels": 3,
       "out_channels": 3, "latent_channels": 4, "layers_per_block": 2, "norm_num_groups": 32, "sample_size": 512,
       "scaling_factor": 0.18215,
       "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
       "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"]}
      """, to: folder.appending("vae"))
  }

  private static func write(_ tensors: [Named], _ configuration: String, to folder: FilePath) throws {
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    try OutputFile.write(Array(configuration.utf8), to: folder.appending("config.json"), replacing: false)
    let entries = tensors.enumerated().map { index, tensor in
      WeightEntry(ByteString(tensor.name), shape: tensor.shape, as: .float16) {
        try Interruption.check()
        // About the spread that keeps activations from growing or vanishing over the layers.
        let scale = tensor.shape.count > 1 ? 1.7 / Float(tensor.shape.dropFirst().reduce(1, *)).squareRoot() : 0.5
        return Tensor(randomWithSeed: UInt64(index + 1), shape: tensor.shape, scale: scale)
      }
    }
    try SafetensorsWriter.write(
      entries, metadata: ["format": "pt"], to: folder.appending("diffusion_pytorch_model.safetensors"),
      replacing: false)
  }

  private typealias Named = (name: String, shape: [Int])

  private static func map(_ name: String, _ inputs: Int, _ outputs: Int, kernel: Int? = nil, bias: Bool = true)
    -> [Named]
  {
    let sides = kernel.map { [$0, $0] } ?? []
    return [(name + ".weight", [outputs, inputs] + sides)] + (bias ? [(name + ".bias", [outputs])] : [])
  }

  private static func norm(_ name: String, _ width: Int) -> [Named] {
    [(name + ".weight", [width]), (name + ".bias", [width])]
  }

  private static func residual(_ name: String, _ inputs: Int, _ outputs: Int, hasTime: Bool) -> [Named] {
    norm(name + ".norm1", inputs) + map(name + ".conv1", inputs, outputs, kernel: 3)
      + (hasTime ? map(name + ".time_emb_proj", 4 * levels[0], outputs) : []) + norm(name + ".norm2", outputs)
      + map(name + ".conv2", outputs, outputs, kernel: 3)
      + (inputs == outputs ? [] : map(name + ".conv_shortcut", inputs, outputs, kernel: 1))
  }

  private static func transformer(_ name: String, _ width: Int) -> [Named] {
    let block = name + ".transformer_blocks.0"
    let attentions = [("attn1", width), ("attn2", conditioningWidth)].flatMap { attention, inputs in
      map("\(block).\(attention).to_q", width, width, bias: false)
        + map("\(block).\(attention).to_k", inputs, width, bias: false)
        + map("\(block).\(attention).to_v", inputs, width, bias: false)
        + map("\(block).\(attention).to_out.0", width, width)
    }
    return norm(name + ".norm", width) + map(name + ".proj_in", width, width, kernel: 1) + attentions
      + (1...3).flatMap { norm("\(block).norm\($0)", width) } + map(block + ".ff.net.0.proj", width, 8 * width)
      + map(block + ".ff.net.2", 4 * width, width) + map(name + ".proj_out", width, width, kernel: 1)
  }

  private static var unet: [Named] {
    var result = map("time_embedding.linear_1", levels[0], 4 * levels[0])
    result += map("time_embedding.linear_2", 4 * levels[0], 4 * levels[0])
    result += map("conv_in", 4, levels[0], kernel: 3) + norm("conv_norm_out", levels[0])
    result += map("conv_out", levels[0], 4, kernel: 3)
    var skips = [levels[0]]
    for (level, width) in levels.enumerated() {
      for layer in 0..<2 {
        let block = "down_blocks.\(level)"
        result += residual("\(block).resnets.\(layer)", skips.last ?? width, width, hasTime: true)
        if level < 3 { result += transformer("\(block).attentions.\(layer)", width) }
        skips.append(width)
      }
      if level < 3 {
        result += map("down_blocks.\(level).downsamplers.0.conv", width, width, kernel: 3)
        skips.append(width)
      }
    }
    for layer in 0..<2 { result += residual("mid_block.resnets.\(layer)", 1280, 1280, hasTime: true) }
    result += transformer("mid_block.attentions.0", 1280)
    var inputs = 1280
    for (level, width) in levels.reversed().enumerated() {
      for layer in 0..<3 {
        let block = "up_blocks.\(level)"
        result += residual("\(block).resnets.\(layer)", inputs + skips.removeLast(), width, hasTime: true)
        if level > 0 { result += transformer("\(block).attentions.\(layer)", width) }
        inputs = width
      }
      if level < 3 { result += map("up_blocks.\(level).upsamplers.0.conv", width, width, kernel: 3) }
    }
    return result
  }

  private static var vae: [Named] {
    var result = map("quant_conv", 8, 8, kernel: 1) + map("post_quant_conv", 4, 4, kernel: 1)
    for (part, ways) in [("encoder", vaeLevels), ("decoder", vaeLevels.reversed())] {
      let isEncoder = part == "encoder"
      let (first, last) = (ways[0], ways[3])
      result += map("\(part).conv_in", isEncoder ? 3 : 4, first, kernel: 3) + norm("\(part).conv_norm_out", last)
      result += map("\(part).conv_out", last, isEncoder ? 8 : 3, kernel: 3)
      for layer in 0..<2 { result += residual("\(part).mid_block.resnets.\(layer)", 512, 512, hasTime: false) }
      result += norm("\(part).mid_block.attentions.0.group_norm", 512)
      for name in ["to_q", "to_k", "to_v", "to_out.0"] {
        result += map("\(part).mid_block.attentions.0.\(name)", 512, 512)
      }
      var inputs = first
      for (level, width) in ways.enumerated() {
        let block = "\(part).\(isEncoder ? "down_blocks" : "up_blocks").\(level)"
        for layer in 0..<(isEncoder ? 2 : 3) {
          result += residual("\(block).resnets.\(layer)", inputs, width, hasTime: false)
          inputs = width
        }
        let sampler = isEncoder ? "downsamplers" : "upsamplers"
        if level < 3 { result += map("\(block).\(sampler).0.conv", width, width, kernel: 3) }
      }
    }
    return result
  }
}
