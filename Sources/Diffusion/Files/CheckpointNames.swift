import Files

/// Names of tensors in single-file checkpoints, as CompVis's code and AUTOMATIC1111 have them, turned into those of diffusers.
enum CheckpointNames {
  /// The UNet's name for `name`, which stands behind `model.diffusion_model.`; nil if there is none. A block has so many
  /// layers.
  static func unet(_ name: String, layersPerBlock layers: Int) -> String? {
    let parts = name.split(separator: ".", maxSplits: 2).map(String.init)
    guard parts.count == 3 else { return nil }
    let rest = parts[2]
    switch (parts[0], Int(parts[1])) {
    case ("time_embed", 0): return "time_embedding.linear_1." + rest
    case ("time_embed", 2): return "time_embedding.linear_2." + rest
    case ("out", 0): return "conv_norm_out." + rest
    case ("out", 2): return "conv_out." + rest
    case ("middle_block", 0): return resnet(rest).map { "mid_block.resnets.0." + $0 }
    case ("middle_block", 1): return "mid_block.attentions.0." + rest
    case ("middle_block", 2): return resnet(rest).map { "mid_block.resnets.1." + $0 }
    case ("input_blocks", 0): return rest.hasPrefix("0.") ? "conv_in." + rest.dropFirst(2) : nil
    case ("input_blocks", let number?) where number > 0:
      let (level, layer) = (number - 1).quotientAndRemainder(dividingBy: layers + 1)
      if layer == layers {
        return rest.hasPrefix("0.op.") ? "down_blocks.\(level).downsamplers.0.conv." + rest.dropFirst(5) : nil
      }
      return inBlock("down_blocks.\(level)", layer: layer, rest)
    case ("output_blocks", let number?):
      let (level, layer) = number.quotientAndRemainder(dividingBy: layers + 1)
      // The upsampler follows the last layer's attention, or stands in its place.
      if let conv = ["1.conv.", "2.conv."].first(where: { rest.hasPrefix($0) }) {
        return "up_blocks.\(level).upsamplers.0.conv." + rest.dropFirst(conv.count)
      }
      return inBlock("up_blocks.\(level)", layer: layer, rest)
    default: return nil
    }
  }

  private static func inBlock(_ block: String, layer: Int, _ rest: String) -> String? {
    if rest.hasPrefix("0.") { return resnet(String(rest.dropFirst(2))).map { "\(block).resnets.\(layer)." + $0 } }
    return rest.hasPrefix("1.") ? "\(block).attentions.\(layer)." + rest.dropFirst(2) : nil
  }

  private static let resnetParts = [
    ("in_layers.0.", "norm1."), ("in_layers.2.", "conv1."), ("out_layers.0.", "norm2."), ("out_layers.3.", "conv2."),
    ("emb_layers.1.", "time_emb_proj."), ("skip_connection.", "conv_shortcut."),
  ]

  private static func resnet(_ rest: String) -> String? {
    resnetParts.first { rest.hasPrefix($0.0) }.map { $0.1 + rest.dropFirst($0.0.count) }
  }

  /// The VAE's name for `name`, which stands behind `first_stage_model.` or, in files of their own, alone; nil if there is
  /// none. The decoder has so many levels.
  static func vae(_ name: String, levels: Int) -> String? {
    let parts = name.split(separator: ".").map(String.init)
    guard let first = parts.first else { return nil }
    if first == "quant_conv" || first == "post_quant_conv" { return name }
    guard first == "encoder" || first == "decoder", parts.count > 2 else { return nil }
    let tail = parts.last ?? ""
    switch (first, parts[1]) {
    case (_, "conv_in"), (_, "conv_out"): return name
    case (_, "norm_out"): return "\(first).conv_norm_out.\(tail)"
    case (_, "mid"): return middle(parts).map { "\(first).mid_block.\($0).\(tail)" }
    case ("encoder", "down"), ("decoder", "up"):
      guard parts.count > 3, parts.count == (parts[3] == "block" ? 7 : 6), let stored = Int(parts[2]) else {
        return nil
      }
      let isUp = parts[1] == "up"
      guard (0..<levels).contains(stored) else { return nil }
      let block = "\(first).\(isUp ? "up_blocks" : "down_blocks").\(isUp ? levels - 1 - stored : stored)"
      switch parts[3] {
      case "downsample": return "\(block).downsamplers.0.conv.\(tail)"
      case "upsample": return "\(block).upsamplers.0.conv.\(tail)"
      case "block":
        let part = parts[5] == "nin_shortcut" ? "conv_shortcut" : parts[5]
        return "\(block).resnets.\(parts[4]).\(part).\(tail)"
      default: return nil
      }
    default: return nil
    }
  }

  private static let attentionParts = [
    "norm": "group_norm", "q": "to_q", "k": "to_k", "v": "to_v", "proj_out": "to_out.0",
  ]

  private static func middle(_ parts: [String]) -> String? {
    guard parts.count == 5 else { return nil }
    switch parts[2] {
    case "block_1": return "resnets.0.\(parts[3])"
    case "block_2": return "resnets.1.\(parts[3])"
    case "attn_1": return attentionParts[parts[3]].map { "attentions.0." + $0 }
    default: return nil
    }
  }

  private static let oldAttentionParts = [
    "query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0",
  ]

  /// The VAE's name as diffusers writes it now, for one that it wrote before version 0.18.
  static func presentVAE(_ name: String) -> String {
    var parts = name.split(separator: ".").map(String.init)
    if parts.count == 6, parts[2] == "attentions", let present = oldAttentionParts[parts[4]] { parts[4] = present }
    return parts.joined(separator: ".")
  }
}
