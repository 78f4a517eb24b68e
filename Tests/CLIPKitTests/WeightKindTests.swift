import CLIPKit
import Files
import SystemPackage
import TensorKit
import Testing

@Suite("What a weight file is for")
struct WeightKindTests {
  /// A file of which only the listing is looked at.
  struct Listing: WeightSource {
    let path: FilePath = "listing"
    let format = "listing"
    let metadata: [ByteString: ByteString] = [:]
    let tensors: [(name: ByteString, shape: [Int])]
    var names: [ByteString] { tensors.map(\.name) }
    func shape(of name: ByteString) -> [Int]? { tensors.first { $0.name == name }?.shape }
    func elementType(of name: ByteString) -> ElementType? { shape(of: name).map { _ in .float32 } }
    func tensor(_ name: ByteString) throws(FileError) -> Tensor { throw FileError(.missing, path, "is not read") }
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let kind: WeightKind.Kind
    let description: String
    let tensors: [(ByteString, [Int])]
    var testDescription: String { description }

    init(_ kind: WeightKind.Kind, _ description: String, _ tensors: [(ByteString, [Int])]) {
      self.kind = kind
      self.description = description
      self.tensors = tensors
    }
  }

  static let unet: (ByteString, [Int]) = ("model.diffusion_model.input_blocks.0.0.weight", [320, 4, 3, 3])
  static let context = ByteString("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight")
  static let decoder: (ByteString, [Int]) = ("first_stage_model.decoder.conv_in.weight", [512, 4, 3, 3])
  static let text: (ByteString, [Int]) = (
    "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight", [49408, 768]
  )

  // Names and shapes as in the published files of each kind.
  static let cases: [Case] = [
    Case(
      .checkpoint, "a Stable Diffusion checkpoint, Stable Diffusion 1.x",
      [unet, (context, [320, 768]), decoder, text]),
    Case(
      .checkpoint, "a Stable Diffusion checkpoint, Stable Diffusion 1.x for inpainting, without a VAE",
      [("model.diffusion_model.input_blocks.0.0.weight", [320, 9, 3, 3]), (context, [320, 768]), text]),
    Case(
      .checkpoint, "a Stable Diffusion checkpoint, Stable Diffusion 2.x, without a text encoder",
      [unet, (context, [320, 1024]), decoder]),
    Case(
      .lora, "a LoRA (kohya), rank 16, 1 text and 2 image modules, for Stable Diffusion 1.x",
      [
        ("lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", [16, 768]),
        ("lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight", [3072, 16]),
        ("lora_unet_mid_block_attentions_0_proj_in.lora_down.weight", [16, 1280, 1, 1]),
        ("lora_unet_mid_block_attentions_0_proj_out.lora_down.weight", [16, 1280, 1, 1]),
      ]),
    Case(
      .lora, "a LoRA (diffusers), ranks 4 to 8, 0 text and 2 image modules",
      [
        ("unet.mid_block.attentions.0.proj_in.lora.down.weight", [8, 1280]),
        ("unet.mid_block.attentions.0.proj_out.lora.down.weight", [4, 1280]),
      ]),
    Case(
      .lora, "a LoRA (PEFT), rank 4, 1 text and 0 image modules, for Stable Diffusion 1.x",
      [("text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight", [4, 768])]),
    Case(
      .lycoris, "a LyCORIS file (full weight differences), 1 text and 0 image modules, for Stable Diffusion 1.x",
      [("lora_te_text_model_encoder_layers_0_mlp_fc1.diff", [3072, 768])]),
    Case(
      .clip, "a CLIP model, text: width 768, 2 layers, images: width 1024, 1 layers, patches of 14",
      [
        ("text_model.embeddings.token_embedding.weight", [49408, 768]),
        ("text_model.encoder.layers.1.mlp.fc1.weight", [3072, 768]),
        ("vision_model.embeddings.patch_embedding.weight", [1024, 3, 14, 14]),
        ("vision_model.encoder.layers.0.mlp.fc1.weight", [4096, 1024]),
      ]),
    Case(
      .textEncoder, "a CLIP text encoder, text: width 768, 12 layers",
      [("embeddings.token_embedding.weight", [49408, 768]), ("encoder.layers.11.mlp.fc1.weight", [3072, 768])]),
    Case(.openCLIP, "a CLIP model named as OpenAI and OpenCLIP do", [("visual.conv1.weight", [1024, 3, 14, 14])]),
    Case(
      .vae, "a Stable Diffusion VAE, named as diffusers does",
      [("decoder.conv_in.weight", [512, 4, 3, 3]), ("decoder.up_blocks.0.resnets.0.conv1.weight", [512, 512, 3, 3])]),
    Case(
      .unet, "a Stable Diffusion UNet, Stable Diffusion 1.x",
      [
        ("conv_in.weight", [320, 4, 3, 3]),
        ("down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight", [320, 768]),
      ]),
    Case(.controlNet, "a ControlNet", [("control_model.input_blocks.0.0.weight", [320, 4, 3, 3])]),
    Case(
      .textualInversion, "a textual inversion, 3 vectors of width 768 (CLIP ViT-L, Stable Diffusion 1.x)",
      [("emb_params", [3, 768])]),
    Case(
      .textualInversion, "a textual inversion, 1 vector of width 768 (CLIP ViT-L, Stable Diffusion 1.x)",
      [("<my-cat>", [768])]),
    Case(
      .hypernetwork, "a hypernetwork, widths 320 768, for Stable Diffusion 1.x",
      [("768.0.linear.0.weight", [1536, 768]), ("320.0.linear.0.weight", [640, 320])]),
    Case(
      .hypernetwork, "a hypernetwork, widths 768, for Stable Diffusion 1.x",
      [("768.0.linear1.weight", [1536, 768]), ("768.0.linear2.weight", [768, 1536])]),
    Case(
      .lora, "a LoRA (kohya), rank 2, 0 text and 1 image modules, for SDXL",
      [
        ("lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight", [2, 2048]),
        ("lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_up.weight", [2, 2]),
      ]),
    Case(.aesthetic, "an aesthetic, width 768 (CLIP ViT-L, Stable Diffusion 1.x)", [("", [1, 768])]),
    Case(.aesthetic, "an aesthetic, width 1024 (OpenCLIP ViT-H, Stable Diffusion 2.x)", [("x", [1024])]),
    Case(.aesthetic, "an aesthetic, width 20", [("aesthetic", [20]), ("mean", [20])]),
    Case(
      .features, "image features, 12 pictures, width 768 (CLIP ViT-L, Stable Diffusion 1.x)", [("features", [12, 768])]),
    Case(.unknown, "weights of an unknown kind", [("x", [3, 4]), ("y", [])]),
    Case(.unknown, "weights of an unknown kind", []),
  ]

  @Test("The names and shapes of published files tell their kind", arguments: cases)
  func kinds(expected: Case) {
    let found = WeightKind(of: Listing(tensors: expected.tensors.map { (name: $0.0, shape: $0.1) }))
    #expect(found.kind == expected.kind)
    #expect(found.description == expected.description)
  }
}
