import ArgumentParser

/// What an export can be, by its name on the command line.
enum ExportForm: String, ExpressibleByArgument, CaseIterable {
  /// A LoRA of the text encoder, named as kohya-ss/sd-scripts does.
  case lora
  /// The delta as it is, in the names of LyCORIS.
  case lycoris
  /// The text encoder with the delta: a folder of transformers, or a single file.
  case textEncoder = "text-encoder"
  /// The aesthetic, for the aesthetic gradients extension of AUTOMATIC1111's web interface.
  case embeddingPT = "embedding-pt"
  /// The aesthetic as safetensors.
  case embedding
  /// What diffusers takes in place of a prompt.
  case conditioning

  /// Whether the text encoder's own weights are needed.
  var needsModel: Bool { self == .textEncoder || self == .conditioning }
}
