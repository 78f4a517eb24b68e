package import Files
import SystemPackage

/// The shape of a UNet of the family of Stable Diffusion 1.x (diffusers: UNet2DConditionModel).
package struct UNetConfiguration: Hashable, Sendable {
  /// Channels of the input: 4, or 9 for inpainting (latents, mask, latents of the masked picture).
  package var inputChannels = 4
  package var outputChannels = 4
  /// The channels of each level, finest first; each level but the last halves the picture.
  package var levels = [320, 640, 1280, 1280]
  /// Whether a level's blocks read the conditioning.
  package var attends = [true, true, true, false]
  package var layersPerBlock = 2
  /// The number of heads at each level. config.json calls it `attention_head_dim`, an error kept for old models' sake.
  package var heads = [8, 8, 8, 8]
  package var conditioningWidth = 768
  package var normGroups = 32
  /// The height and width of the latents that it was trained on.
  package var side = 64

  /// Stable Diffusion 1.x itself.
  package init() {}
}

/// The shape of a VAE of the same family (diffusers: AutoencoderKL).
package struct VAEConfiguration: Hashable, Sendable {
  package var levels = [128, 256, 512, 512]
  package var layersPerBlock = 2
  package var latentChannels = 4
  package var normGroups = 32
  /// What latents are multiplied with to have variance 1.
  package var scaling: Float = 0.18215

  /// Stable Diffusion 1.x itself.
  package init() {}
}

extension UNetConfiguration {
  /// Reads a config.json. What it leaves out is as in diffusers.
  package init(file: ConfigurationFile) throws(FileError) {
    let values = ConfigurationValues(file: file)
    try values.checkClass("UNet2DConditionModel")
    levels = try values.sizes("block_out_channels") ?? levels
    conditioningWidth = try values.size("cross_attention_dim", default: 1280)
    inputChannels = try values.size("in_channels", default: 4)
    outputChannels = try values.size("out_channels", default: 4)
    if let family = DiffusionFamily(
      conditioningWidth: conditioningWidth, hasAddedEmbedding: file["addition_embed_type"]?.string != nil)
    {
      throw family.error(file.path)
    }
    layersPerBlock = try values.size("layers_per_block", default: 2, most: 64)
    normGroups = try values.size("norm_num_groups", default: 32)
    side = try values.sizes("sample_size")?.first ?? side
    let heads = try values.sizes("attention_head_dim") ?? [8]
    self.heads = heads.count == 1 ? Array(repeating: heads[0], count: levels.count) : heads
    attends =
      try values.names("down_block_types", count: levels.count).map {
        attends throws(FileError) -> [Bool] in
        try attends.map { name throws(FileError) in try Self.attends(name, file) }
      } ?? attends
    let up = try values.names("up_block_types", count: levels.count).map {
      names throws(FileError) -> [Bool] in try names.map { name throws(FileError) in try Self.attends(name, file) }
    }
    if let up, up != attends.reversed() {
      throw file.error("\"up_block_types\" do not mirror \"down_block_types\"")
    }
    try values.check([
      "mid_block_type": .string("UNetMidBlock2DCrossAttn"), "act_fn": .string("silu"), "flip_sin_to_cos": .bool(true),
      "center_input_sample": .bool(false), "use_linear_projection": .bool(false), "dual_cross_attention": .bool(false),
      "only_cross_attention": .bool(false), "resnet_time_scale_shift": .string("default"),
      "time_embedding_type": .string("positional"), "class_embed_type": .null, "addition_embed_type": .null,
      "encoder_hid_dim": .null, "time_cond_proj_dim": .null, "num_attention_heads": .null,
      "resnet_skip_time_act": .bool(false), "class_embeddings_concat": .bool(false),
      "attention_type": .string("default"),
    ])
    try values.check(numbers: [
      "downsample_padding": 1, "freq_shift": 0, "mid_block_scale_factor": 1, "norm_eps": 1e-5, "conv_in_kernel": 3,
      "conv_out_kernel": 3, "transformer_layers_per_block": 1,
    ])
    try check(file)
  }

  private static func attends(_ block: String, _ file: ConfigurationFile) throws(FileError) -> Bool {
    switch block {
    case "CrossAttnDownBlock2D", "CrossAttnUpBlock2D": return true
    case "DownBlock2D", "UpBlock2D": return false
    default: throw file.error("has a block of the kind \(ByteString(block)), which Stable Diffusion 1.x has not")
    }
  }

  private func check(_ file: ConfigurationFile) throws(FileError) {
    guard heads.count == levels.count else {
      throw file.error("\"attention_head_dim\" has \(heads.count) values for \(levels.count) levels")
    }
    for (channels, heads) in zip(levels, heads) {
      guard channels % normGroups == 0 else {
        throw file.error("\"norm_num_groups\" is \(normGroups), which does not divide \(channels) channels")
      }
      guard channels % heads == 0 else {
        throw file.error("\"attention_head_dim\" is \(heads), which does not divide \(channels) channels")
      }
    }
  }
}

extension VAEConfiguration {
  /// Reads a config.json. What it leaves out is as in diffusers.
  package init(file: ConfigurationFile) throws(FileError) {
    let values = ConfigurationValues(file: file)
    try values.checkClass("AutoencoderKL")
    levels = try values.sizes("block_out_channels") ?? [64]
    layersPerBlock = try values.size("layers_per_block", default: 1, most: 64)
    latentChannels = try values.size("latent_channels", default: 4)
    normGroups = try values.size("norm_num_groups", default: 32)
    if let value = file["scaling_factor"], value != .null {
      guard let number = value.double, number.isFinite, number > 0 else {
        throw file.error("\"scaling_factor\" is not a number above 0")
      }
      scaling = Float(number)
    }
    for (name, kind) in [
      ("down_block_types", "DownEncoderBlock2D"), ("up_block_types", "UpDecoderBlock2D"),
    ] as [(ByteString, String)] {
      if let other = try values.names(name, count: levels.count)?.first(where: { $0 != kind }) {
        throw file.error("has a block of the kind \(ByteString(other)), which Stable Diffusion's VAE has not")
      }
    }
    try values.check([
      "act_fn": .string("silu"), "shift_factor": .null, "latents_mean": .null, "latents_std": .null,
      "use_quant_conv": .bool(true), "use_post_quant_conv": .bool(true), "mid_block_add_attention": .bool(true),
    ])
    try values.check(numbers: ["in_channels": 3, "out_channels": 3])
    if let channels = levels.first(where: { $0 % normGroups != 0 }) {
      throw file.error("\"norm_num_groups\" is \(normGroups), which does not divide \(channels) channels")
    }
  }
}

/// The models that people take for Stable Diffusion 1.x.
struct DiffusionFamily {
  let name: String
  let width: Int

  /// The family that a UNet's conditioning betrays; nil if nothing speaks against 1.x.
  init?(conditioningWidth width: Int, hasAddedEmbedding: Bool) {
    switch (width, hasAddedEmbedding) {
    case (1024, _): name = "Stable Diffusion 2"
    case (2048, _), (1280, true), (_, true): name = "SDXL"
    default: return nil
    }
    self.width = width
  }

  func error(_ path: FilePath) -> FileError {
    FileError(
      .malformed, path,
      "is a UNet of \(name) (its conditioning is \(width) wide); one of Stable Diffusion 1.x was expected (768)")
  }
}
