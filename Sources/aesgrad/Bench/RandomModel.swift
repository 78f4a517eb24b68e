import CLIPKit
import Files
import Foundation
import SystemPackage
import TensorKit

/// A CLIP model of the size of OpenAI's ViT-L/14 with random weights, as a folder that transformers reads too.
/// Speed does not depend on the weights, as long as none is zero or denormal.
enum RandomModel {
  static let (width, inner, layers, heads, side, patch, features) = (1024, 4096, 24, 16, 224, 14, 768)
  static let tokens = 1 + (side / patch) * (side / patch)
  static let (textWidth, textInner, textLayers, textHeads, vocabulary, positions) = (768, 3072, 12, 12, 49408, 77)

  /// The bytes of the text encoder's linear maps, all but all of what a step of personalisation reads and writes.
  static var linearBytes: Double {
    Double(4 * textLayers * (4 * textWidth * textWidth + 2 * textWidth * textInner))
  }

  /// The floating point operations that one picture takes.
  static var operations: Double {
    let perToken = 8 * width * width + 4 * width * inner + 4 * tokens * width
    return Double(layers * tokens * perToken + 2 * (tokens - 1) * width * 3 * patch * patch)
  }

  /// Writes the folder's files.
  static func write(to folder: FilePath) throws {
    let configuration = """
      {"model_type": "clip", "architectures": ["CLIPModel"], "projection_dim": \(features), "torch_dtype": "float32",
       "text_config": {"model_type": "clip_text_model", "hidden_size": \(textWidth), "intermediate_size": \(textInner),
                       "num_hidden_layers": \(textLayers), "num_attention_heads": \(textHeads),
                       "vocab_size": \(vocabulary), "projection_dim": \(features), "hidden_act": "quick_gelu",
                       "eos_token_id": \(vocabulary - 1), "bos_token_id": \(vocabulary - 2)},
       "vision_config": {"model_type": "clip_vision_model", "hidden_size": \(width), "intermediate_size": \(inner),
                         "num_hidden_layers": \(layers), "num_attention_heads": \(heads), "image_size": \(side),
                         "patch_size": \(patch), "projection_dim": \(features), "hidden_act": "quick_gelu"}}
      """
    try OutputFile.write(Array(configuration.utf8), to: folder.appending("config.json"), replacing: false)
    try SafetensorsWriter.write(
      entries(), metadata: ["format": "pt"], to: folder.appending("model.safetensors"), replacing: false)
  }

  /// Writes a checkpoint as large as that of Stable Diffusion 1.5 in half precision, with the text encoder in its place.
  static func writeCheckpoint(to path: FilePath) throws {
    let text = entries(as: .float16, prefix: "cond_stage_model.transformer.") { $0.hasPrefix("text_model.") }
    // Nothing looks at the rest, UNet and VAE, but for its size.
    let filler = Tensor(randomWithSeed: 10, shape: [3200, 3200], scale: 0.03)
    let rest = (0..<92).map { index in
      WeightEntry("model.diffusion_model.\(index).weight", shape: filler.shape, as: .float16) {
        try Interruption.check()
        return filler
      }
    }
    try SafetensorsWriter.write(text + rest, to: path, replacing: false)
  }

  /// Twelve letters, for each of which there is a token.
  static let prompt = "a b c d e f g h i j k l"

  /// Writes a tokenizer that knows no more than `prompt`.
  static func writeTokenizer(to folder: FilePath) throws {
    let words = prompt.split(separator: " ").enumerated().map { "\"\($1)</w>\": \($0 * 3001 + 3001)" }
    let special = ["\"<|startoftext|>\": \(vocabulary - 2)", "\"<|endoftext|>\": \(vocabulary - 1)"]
    let entries = "{" + (words + special).joined(separator: ", ") + "}"
    try OutputFile.write(Array(entries.utf8), to: folder.appending("vocab.json"), replacing: false)
    try OutputFile.write(Array("#version: 0.2\n".utf8), to: folder.appending("merges.txt"), replacing: false)
  }

  /// The tokens of `prompt`, with start and end.
  static let text = [vocabulary - 2] + (1...12).map { $0 * 3001 } + [vocabulary - 1]

  private static func entries(
    as type: ElementType = .float32, prefix: ByteString = "", where isWanted: (ByteString) -> Bool = { _ in true }
  ) -> [WeightEntry] {
    tensors.enumerated().filter { isWanted($1.name) }.map { index, tensor in
      WeightEntry(prefix + tensor.name, shape: tensor.shape, as: type) {
        try Interruption.check()
        // About the spread that keeps activations from growing or vanishing over the layers.
        let isTable = tensor.name.hasSuffix("embedding.weight") && tensor.shape.count == 2
        let fanIn = Float(tensor.shape.dropFirst().reduce(1, *))
        let scale = isTable ? 0.03 : tensor.shape.count > 1 ? 1.7 / fanIn.squareRoot() : 0.5
        return Tensor(randomWithSeed: UInt64(index + 1), shape: tensor.shape, scale: scale)
      }
    }
  }

  private static var tensors: [(name: ByteString, shape: [Int])] {
    [
      ("visual_projection.weight", [features, width]), ("text_projection.weight", [features, textWidth]),
      ("vision_model.embeddings.class_embedding", [width]),
      ("vision_model.embeddings.patch_embedding.weight", [width, 3, patch, patch]),
      ("vision_model.embeddings.position_embedding.weight", [tokens, width]),
      ("text_model.embeddings.token_embedding.weight", [vocabulary, textWidth]),
      ("text_model.embeddings.position_embedding.weight", [positions, textWidth]),
    ] + norm("vision_model.pre_layrnorm", width) + norm("vision_model.post_layernorm", width)
      + norm("text_model.final_layer_norm", textWidth)
      + (0..<layers).flatMap { layer("vision_model.encoder.layers.\($0).", width, inner) }
      + (0..<textLayers).flatMap { layer("text_model.encoder.layers.\($0).", textWidth, textInner) }
  }

  private static func layer(_ scope: ByteString, _ width: Int, _ inner: Int) -> [(name: ByteString, shape: [Int])] {
    let attention = ["q_proj", "k_proj", "v_proj", "out_proj"] as [ByteString]
    return attention.flatMap { linear(scope + "self_attn." + $0, width, width) }
      + norm(scope + "layer_norm1", width) + norm(scope + "layer_norm2", width)
      + linear(scope + "mlp.fc1", width, inner) + linear(scope + "mlp.fc2", inner, width)
  }

  private static func norm(_ name: ByteString, _ width: Int) -> [(name: ByteString, shape: [Int])] {
    [(name + ".weight", [width]), (name + ".bias", [width])]
  }

  private static func linear(_ name: ByteString, _ inputs: Int, _ outputs: Int) -> [(name: ByteString, shape: [Int])] {
    [(name + ".weight", [outputs, inputs]), (name + ".bias", [outputs])]
  }
}
