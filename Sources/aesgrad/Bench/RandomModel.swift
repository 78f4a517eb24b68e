import CLIPKit
import Files
import Foundation
import SystemPackage
import TensorKit

/// Numbers that are quickly made and look like weights: speed does not depend on them, as long as none is zero or
/// denormal.
enum RandomWeights {
  /// Evenly distributed between -scale and scale.
  static func tensor(_ shape: [Int], seed: UInt64, scale: Float) -> Tensor {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    let elements = (0..<shape.reduce(1, *)).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return (Float(state >> 40) / Float(1 << 23) - 1) * scale
    }
    return Tensor(elements, shape: shape)
  }
}

/// A CLIP model of the size of OpenAI's ViT-L/14 with random weights, as a folder that transformers reads too. Of the text
/// side there is only the projection.
enum RandomModel {
  static let (width, inner, layers, heads, side, patch, features) = (1024, 4096, 24, 16, 224, 14, 768)
  static let tokens = 1 + (side / patch) * (side / patch)

  /// The floating point operations that one picture takes.
  static var operations: Double {
    let perToken = 8 * width * width + 4 * width * inner + 4 * tokens * width
    return Double(layers * tokens * perToken + 2 * (tokens - 1) * width * 3 * patch * patch)
  }

  /// Writes the folder's files.
  static func write(to folder: FilePath) throws {
    let configuration = """
      {"model_type": "clip", "architectures": ["CLIPModel"], "projection_dim": \(features), "torch_dtype": "float32",
       "text_config": {"model_type": "clip_text_model", "hidden_size": 64, "intermediate_size": 64,
                       "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 64, "projection_dim": \(features)},
       "vision_config": {"model_type": "clip_vision_model", "hidden_size": \(width), "intermediate_size": \(inner),
                         "num_hidden_layers": \(layers), "num_attention_heads": \(heads), "image_size": \(side),
                         "patch_size": \(patch), "projection_dim": \(features), "hidden_act": "quick_gelu"}}
      """
    try OutputFile.write(Array(configuration.utf8), to: folder.appending("config.json"), replacing: false)
    let entries = tensors.enumerated().map { index, tensor in
      WeightEntry(tensor.name, shape: tensor.shape) {
        try Interruption.check()
        // About the spread that keeps activations from growing or vanishing over the layers.
        let scale = tensor.shape.count > 1 ? 1.7 / Float(tensor.shape.dropFirst().reduce(1, *)).squareRoot() : 0.5
        return RandomWeights.tensor(tensor.shape, seed: UInt64(index + 1), scale: scale)
      }
    }
    try SafetensorsWriter.write(
      entries, metadata: ["format": "pt"], to: folder.appending("model.safetensors"), replacing: false)
  }

  private static var tensors: [(name: ByteString, shape: [Int])] {
    var tensors: [(name: ByteString, shape: [Int])] = [
      ("visual_projection.weight", [features, width]), ("text_projection.weight", [features, 64]),
      ("vision_model.embeddings.class_embedding", [width]),
      ("vision_model.embeddings.patch_embedding.weight", [width, 3, patch, patch]),
      ("vision_model.embeddings.position_embedding.weight", [tokens, width]),
    ]
    func norm(_ name: ByteString) { tensors += [(name + ".weight", [width]), (name + ".bias", [width])] }
    func linear(_ name: ByteString, _ inputs: Int, _ outputs: Int) {
      tensors += [(name + ".weight", [outputs, inputs]), (name + ".bias", [outputs])]
    }
    norm("vision_model.pre_layrnorm")
    norm("vision_model.post_layernorm")
    for layer in 0..<layers {
      let scope: ByteString = "vision_model.encoder.layers.\(layer)."
      for name in ["q_proj", "k_proj", "v_proj", "out_proj"] as [ByteString] {
        linear(scope + "self_attn." + name, width, width)
      }
      norm(scope + "layer_norm1")
      norm(scope + "layer_norm2")
      linear(scope + "mlp.fc1", width, inner)
      linear(scope + "mlp.fc2", inner, width)
    }
    return tensors
  }
}
