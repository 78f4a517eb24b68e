import Files

/// What a tensor of an adapter is to its module.
enum AdapterRole: Hashable, Sendable {
  /// The factor that reads the input, [rank, inputs] or [rank, inputs, height, width].
  case down
  /// The factor that writes the output, [outputs, rank] or [outputs, rank, 1, 1].
  case up
  /// A number: the factors' product counts alpha / rank.
  case alpha
  /// A whole difference of the weight, or of the bias.
  case weight, bias
}

/// How adapters' tensors are called: a module, and behind it what the tensor is. Programs agree on neither.
enum AdapterNaming {
  /// The endings, longer ones first where one ends in another.
  private static let endings: [(ending: ByteString, role: AdapterRole)] = [
    // kohya-ss/sd-scripts.
    (".lora_down.weight", .down), (".lora_up.weight", .up), (".alpha", .alpha),
    // PEFT, and diffusers since 0.22.
    (".lora_A.weight", .down), (".lora_B.weight", .up), (".lora_A.default.weight", .down),
    (".lora_B.default.weight", .up),
    // diffusers before.
    (".lora_linear_layer.down.weight", .down), (".lora_linear_layer.up.weight", .up),
    (".lora.down.weight", .down), (".lora.up.weight", .up), ("_lora.down.weight", .down), ("_lora.up.weight", .up),
    // LyCORIS's whole differences; norms have names of their own.
    (".diff", .weight), (".diff_b", .bias), (".w_norm", .weight), (".b_norm", .bias),
  ]

  /// Parts of names that betray a kind of adapter that is not read.
  private static let strangers: [(part: String, kind: String)] = [
    ("dora_scale", "DoRA"), ("lora_magnitude_vector", "DoRA"), ("lora_mid", "LoCon in Tucker's form"),
    ("hada_", "LoHa"), ("lokr_", "LoKr"), ("oft_", "OFT"), ("on_input", "IA³"), (".a1.weight", "GLoRA"),
    ("lora_embedding_", "PEFT on an embedding"),
  ]

  /// The module and the role in a tensor's name; nil for names that no adapter has.
  static func parts(of name: ByteString) -> (module: ByteString, role: AdapterRole)? {
    endings.first { name.hasSuffix($0.ending) }.map { ending, role in
      (ByteString(name.bytes.dropLast(ending.bytes.count)), role)
    }
  }

  /// The kind of adapter that has tensors of such a name, of the kinds that are not read.
  static func stranger(_ name: ByteString) -> String? {
    guard let text = name.string else { return nil }
    return strangers.first { text.contains($0.part) }?.kind
  }

  /// What stands before the modules of each part.
  private static let prefixes: [(prefix: String, part: Adapter.Part)] = [
    ("lora_te_", .text), ("lora_te1_", .text), ("text_encoder.", .text), ("text_encoders.clip_l.transformer.", .text),
    ("clip_l.transformer.", .text), ("lora_unet_", .image), ("unet.", .image),
  ]
  private static let imageModules = ["down_blocks", "mid_block", "up_blocks", "conv_in", "conv_out", "time_embedding"]

  /// Which part of the model `module` belongs to, and what it is called there: `key(of:)` of the parameter's name. Nil
  /// for modules that Stable Diffusion 1.x does not have.
  static func place(of module: ByteString) -> (part: Adapter.Part, key: String)? {
    guard var name = module.string else { return nil }
    if name.hasPrefix("base_model.model.") { name.removeFirst("base_model.model.".count) }
    var part: Adapter.Part?
    if let (prefix, found) = prefixes.first(where: { name.hasPrefix($0.prefix) }) {
      name.removeFirst(prefix.count)
      part = found
    } else if imageModules.contains(where: { name.hasPrefix($0) }) {
      part = .image
    } else if ["text_model.", "encoder.layers.", "embeddings.", "final_layer_norm"].contains(where: {
      name.hasPrefix($0)
    }) {
      part = .text
    }
    return part.map { ($0, key($0, name)) }
  }

  /// The second text encoder of SDXL, which 1.x does not have.
  static func isForSDXL(_ module: ByteString) -> Bool {
    ["lora_te2_", "text_encoder_2.", "text_encoders.clip_g."].contains { module.hasPrefix($0) }
  }

  /// What all spellings of a module's name have in common.
  static func key(_ part: Adapter.Part, _ module: String) -> String {
    var name = module.replacing(".processor", with: "").replacing(".", with: "_")
    switch part {
    case .text:
      if name.hasPrefix("text_model_") { name.removeFirst("text_model_".count) }
      // diffusers before 0.19.
      for (old, new) in ["q": "q_proj", "k": "k_proj", "v": "v_proj", "out": "out_proj"]
      where name.hasSuffix("self_attn_to_" + old) {
        name = String(name.dropLast(3 + old.count)) + new
      }
    case .image: if name.hasSuffix("_to_out") { name += "_0" }
    }
    return name
  }
}
