import Files

extension WeightKind {
  /// The first rule that matches decides, so what contains another kind stands before it: a checkpoint has a VAE inside,
  /// a LoRA names the layers of the encoder it is for.
  static let rules: [Rule] = [
    Rule(.checkpoint, "a Stable Diffusion checkpoint", when: { $0.has(prefix: "model.diffusion_model.") }) { file in
      [checkpointFamily(file), parts(file)].compactMap(\.self)
    },
    Rule(.lycoris, "a LyCORIS file (LoHa)", when: { $0.has(suffix: ".hada_w1_a") }) { [modules($0, ".hada_w1_a")] },
    Rule(.lycoris, "a LyCORIS file (LoKr)", when: { $0.has(suffix: ".lokr_w1") || $0.has(suffix: ".lokr_w1_a") }),
    Rule(.lycoris, "a LyCORIS file (full weight differences)", when: { $0.has(suffix: ".diff") }) {
      [modules($0, ".diff"), base($0, ".diff")].compactMap(\.self)
    },
    lora("kohya", ".lora_down.weight"), lora("diffusers", ".lora.down.weight"),
    lora("diffusers", "_lora.down.weight"), lora("PEFT", ".lora_A.weight"),
    lora("diffusers", ".lora_linear_layer.down.weight"),
    Rule(
      .controlNet, "a ControlNet",
      when: { $0.has(prefix: "control_model.") || $0.has(prefix: "controlnet_cond_embedding.") }),
    Rule(.textualInversion, "a textual inversion", when: isTextualInversion, details: inversionDetails),
    Rule(.hypernetwork, "a hypernetwork", when: isHypernetwork) { file in
      let widths = hypernetworkWidths.filter { file.has(prefix: "\($0).") }
      let base =
        widths.contains(768) ? "for Stable Diffusion 1.x" : widths.contains(1024) ? "for Stable Diffusion 2.x" : nil
      return ["widths " + widths.map(String.init).joined(separator: " "), base].compactMap(\.self)
    },
    // Its tensors have the encoder's own names; where they are of low rank, all of them are factors.
    Rule(
      .delta, "a delta of a text encoder",
      when: { $0.has("text_model.embeddings.token_embedding.weight.rows") || $0.has(suffix: ".weight.down") }),
    Rule(.clip, "a CLIP model", when: { hasText($0) && hasVision($0) }) { [textDetails($0), visionDetails($0)] },
    Rule(.textEncoder, "a CLIP text encoder", when: hasText) { [textDetails($0)] },
    Rule(.imageEncoder, "a CLIP image encoder", when: hasVision) { [visionDetails($0)] },
    Rule(
      .openCLIP, "a CLIP model named as OpenAI and OpenCLIP do",
      when: { $0.has("visual.conv1.weight") || $0.has(prefix: "transformer.resblocks.") }),
    Rule(
      .vae, "a Stable Diffusion VAE",
      when: { $0.has("decoder.conv_in.weight") || $0.has("first_stage_model.decoder.conv_in.weight") }
    ) { file in
      [file.has(prefix: "decoder.up_blocks.") ? "named as diffusers does" : "named as in checkpoints"]
    },
    Rule(
      .unet, "a Stable Diffusion UNet",
      when: { $0.has("conv_in.weight") && $0.has(prefix: "down_blocks.") || $0.has("input_blocks.0.0.weight") }
    ) { [contextFamily($0.shape(suffix: "attn2.to_k.weight"))].compactMap(\.self) },
    Rule(.aesthetic, "an aesthetic", when: { $0.has("aesthetic") && $0.has("mean") }) { [width($0.shape("mean"))] },
    Rule(.features, "image features", when: { $0.has("features") }) { file in
      ["\(file.shape("features")?.first ?? 0) pictures", width(file.shape("features"))]
    },
    Rule(.conditioning, "a conditioning", when: { $0.has("conditioning") }) { [width($0.shape("conditioning"))] },
    Rule(.aesthetic, "an aesthetic", when: { isVector($0.onlyShape) }) { [width($0.onlyShape)] },
  ]

  private static func lora(_ style: String, _ suffix: ByteString) -> Rule {
    Rule(.lora, "a LoRA (\(style))", when: { $0.has(suffix: suffix) }) { file in
      let ranks = Set(file.names.filter { $0.hasSuffix(suffix) }.compactMap { file.shape($0)?.first }).sorted()
      let rank = ranks.count == 1 ? "rank \(ranks[0])" : "ranks \(ranks.first ?? 0) to \(ranks.last ?? 0)"
      return [rank, modules(file, suffix), base(file, suffix)].compactMap(\.self)
    }
  }

  /// The family that the changed modules belong to, as far as the width of what they read tells.
  private static func base(_ file: Inventory, _ suffix: ByteString) -> String? {
    if file.has(prefix: "lora_te2_") || file.has(prefix: "text_encoder_2.") { return "for SDXL" }
    let reader = file.names.first { name in
      guard name.hasSuffix(suffix), let text = name.string else { return false }
      let endings =
        isTextModule(name)
        ? ["q_proj", "k_proj", "v_proj", "fc1"] : ["attn2_to_k", "attn2.to_k", "attn2.processor.to_k"]
      return endings.contains { text.dropLast(suffix.bytes.count).hasSuffix($0) }
    }
    return contextFamily(reader.flatMap { file.shape($0) }).map { "for " + $0 }
  }

  /// How many layers of the text encoder and of the UNet are changed.
  private static func modules(_ file: Inventory, _ suffix: ByteString) -> String {
    let text = file.count { $0.hasSuffix(suffix) && isTextModule($0) }
    let all = file.count { $0.hasSuffix(suffix) }
    return "\(text) text and \(all - text) image modules"
  }

  private static func isTextModule(_ name: ByteString) -> Bool {
    ["lora_te", "text_encoder", "text_model", "te."].contains { name.hasPrefix($0) }
  }

  // MARK: - Checkpoints

  private static func checkpointFamily(_ file: Inventory) -> String {
    let image = contextFamily(file.shape(suffix: "attn2.to_k.weight")) ?? "of an unknown family"
    let channels = file.shape("model.diffusion_model.input_blocks.0.0.weight").flatMap { $0.count == 4 ? $0[1] : nil }
    return channels == 9 ? image + " for inpainting" : image
  }

  private static func parts(_ file: Inventory) -> String? {
    let text = file.has(prefix: "cond_stage_model.") || file.has(prefix: "conditioner.")
    let decoder = file.has(prefix: "first_stage_model.")
    switch (text, decoder) {
    case (true, true): return nil
    case (true, false): return "without a VAE"
    case (false, true): return "without a text encoder"
    case (false, false): return "without a text encoder and a VAE"
    }
  }

  /// The width of the text features that the cross-attention reads tells the families apart.
  private static func contextFamily(_ shape: [Int]?) -> String? {
    switch shape?.last {
    case 768: "Stable Diffusion 1.x"
    case 1024: "Stable Diffusion 2.x"
    case 2048: "SDXL"
    case let width?: "text features of \(width)"
    case nil: nil
    }
  }

  // MARK: - Encoders

  private static func textRoot(_ file: Inventory) -> ByteString? {
    ["text_model.", "", "cond_stage_model.transformer.text_model."].first {
      file.has($0 + "embeddings.token_embedding.weight")
    }
  }

  private static func visionRoot(_ file: Inventory) -> ByteString? {
    ["vision_model.", ""].first { file.has($0 + "embeddings.patch_embedding.weight") }
  }

  private static func hasText(_ file: Inventory) -> Bool { textRoot(file) != nil }
  private static func hasVision(_ file: Inventory) -> Bool { visionRoot(file) != nil }

  private static func textDetails(_ file: Inventory) -> String {
    let root = textRoot(file) ?? ""
    let shape = file.shape(root + "embeddings.token_embedding.weight") ?? []
    return "text: width \(shape.last ?? 0), \(file.layers(root + "encoder.layers.")) layers"
  }

  private static func visionDetails(_ file: Inventory) -> String {
    let root = visionRoot(file) ?? ""
    let shape = file.shape(root + "embeddings.patch_embedding.weight") ?? []
    return "images: width \(shape.first ?? 0), \(file.layers(root + "encoder.layers.")) layers, "
      + "patches of \(shape.last ?? 0)"
  }

  // MARK: - Small files

  private static let hypernetworkWidths = [320, 640, 768, 1024, 1280]

  private static func isHypernetwork(_ file: Inventory) -> Bool {
    (file.has(suffix: ".linear.0.weight") || file.has(suffix: ".linear1.weight"))
      && hypernetworkWidths.contains { file.has(prefix: "\($0).") }
  }

  private static func isTextualInversion(_ file: Inventory) -> Bool {
    if file.has("emb_params") || file.has(prefix: "string_to_param.") { return true }
    if file.names.count == 2, file.has("clip_l"), file.has("clip_g") { return true }
    // diffusers keeps the vector under the new word itself, which people write in angle brackets.
    return file.names.count == 1 && file.names[0].hasPrefix("<") && file.names[0].hasSuffix(">")
  }

  private static func inversionDetails(_ file: Inventory) -> [String] {
    guard let shape = file.names.first.flatMap({ file.shape($0) }), let width = shape.last else { return [] }
    let count = shape.count > 1 ? shape[0] : 1
    return ["\(count) vector\(count == 1 ? "" : "s") of width \(CLIPFamily.describe(width: width))"]
  }

  private static func isVector(_ shape: [Int]?) -> Bool {
    guard let shape, let width = shape.last, width > 1 else { return false }
    return shape.count == 1 || shape.count == 2 && shape[0] == 1
  }

  private static func width(_ shape: [Int]?) -> String { "width \(CLIPFamily.describe(width: shape?.last ?? 0))" }
}
