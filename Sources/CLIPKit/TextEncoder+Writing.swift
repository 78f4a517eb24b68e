package import Files
package import SystemPackage
package import TensorKit

extension TextEncoder {
  /// Writes the encoder as transformers, diffusers and ComfyUI read it: names that begin with `text_model.`.
  ///
  /// `check` is called before each tensor; what it throws ends the writing, and nothing is left behind.
  package func write(
    as type: ElementType, metadata: [ByteString: ByteString], to path: FilePath, replacing: Bool,
    check: @escaping () throws -> Void
  ) throws {
    let entries = parameters.map { parameter in
      WeightEntry(parameter.name, shape: shape(of: parameter), as: type) {
        try check()
        return self[parameter]
      }
    }
    try SafetensorsWriter.write(entries, metadata: metadata, to: path, replacing: replacing)
  }
}

extension TextConfiguration {
  /// The config.json of a CLIPTextModel of this shape whose weights are stored as `type`.
  package func json(type: ElementType) -> String {
    let activation = activation == .quickGELU ? "quick_gelu" : "gelu"
    let members: [(String, String)] = [
      ("architectures", "[\"CLIPTextModel\"]"), ("attention_dropout", "0.0"), ("bos_token_id", "\(vocabularySize - 2)"),
      // Files that name a wrong one name this, and transformers then looks for the highest id.
      ("eos_token_id", "\(endOfText ?? 2)"), ("hidden_act", "\"\(activation)\""), ("hidden_size", "\(width)"),
      ("intermediate_size", "\(innerWidth)"), ("layer_norm_eps", "\(layerNormEpsilon)"),
      ("max_position_embeddings", "\(positionCount)"), ("model_type", "\"clip_text_model\""),
      ("num_attention_heads", "\(headCount)"), ("num_hidden_layers", "\(layerCount)"),
      ("projection_dim", "\(width)"),
      ("torch_dtype", type == .float16 ? "\"float16\"" : "\"float32\""), ("vocab_size", "\(vocabularySize)"),
    ]
    return "{\n" + members.map { "  \"\($0)\": \($1)" }.joined(separator: ",\n") + "\n}\n"
  }
}
