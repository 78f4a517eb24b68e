import Files
import TensorKit

/// Reads and checks the values of one part of a configuration file.
struct ConfigurationReader {
  let file: ConfigurationFile
  /// The name of the object that holds the values: nil for the file's own, empty for one that is left out altogether.
  let part: ByteString?

  /// A text encoder's values.
  func text() throws(FileError) -> TextConfiguration {
    let endOfText = try self.endOfText()
    let text = TextConfiguration(
      vocabularySize: try size("vocab_size", default: 49408, most: Vocabulary.highestID + 1),
      positionCount: try size("max_position_embeddings", default: 77),
      width: try size("hidden_size", default: 512),
      innerWidth: try size("intermediate_size", default: 2048, most: 1 << 18),
      layerCount: try size("num_hidden_layers", default: 12, most: 1024),
      headCount: try size("num_attention_heads", default: 8),
      activation: try activation(),
      layerNormEpsilon: try epsilon(),
      endOfText: endOfText == 2 ? nil : endOfText)
    try checkHeads(text.headCount, width: text.width)
    return text
  }

  /// An image encoder's values.
  func vision() throws(FileError) -> VisionConfiguration {
    let vision = VisionConfiguration(
      imageSize: try size("image_size", default: 224, most: 1 << 14),
      patchSize: try size("patch_size", default: 32, most: 1 << 14),
      width: try size("hidden_size", default: 768),
      innerWidth: try size("intermediate_size", default: 3072, most: 1 << 18),
      layerCount: try size("num_hidden_layers", default: 12, most: 1024),
      headCount: try size("num_attention_heads", default: 12),
      activation: try activation(),
      layerNormEpsilon: try epsilon())
    try checkHeads(vision.headCount, width: vision.width)
    guard vision.imageSize % vision.patchSize == 0 else {
      throw error("patch_size", "is \(vision.patchSize), which does not divide the image_size \(vision.imageSize)")
    }
    let channels = try size("num_channels", default: 3)
    guard channels == 3 else { throw error("num_channels", "is \(channels); pictures have 3") }
    return vision
  }

  /// A whole number from 1 to `most`.
  func size(_ name: ByteString, default: Int, most: Int = 1 << 16) throws(FileError) -> Int {
    guard let value = value(name) else { return `default` }
    // A square may also be given by both of its sides.
    let sides = value.array.map { $0.map(\.integer) } ?? [value.integer]
    guard let size = sides.first ?? nil, sides.allSatisfy({ $0 == size }), (1...most).contains(size) else {
      throw error(name, "is not a whole number from 1 to \(most)")
    }
    return size
  }

  private func activation() throws(FileError) -> Activation {
    guard let value = value("hidden_act") else { return .quickGELU }
    switch value.string {
    case "quick_gelu": return .quickGELU
    case "gelu": return .gelu
    default: throw error("hidden_act", "is \"\(value.string ?? "?")\"; CLIP models have quick_gelu or gelu")
    }
  }

  private func epsilon() throws(FileError) -> Float {
    guard let value = value("layer_norm_eps") else { return 1e-5 }
    guard let epsilon = value.double, epsilon >= 0, epsilon < 1 else {
      throw error("layer_norm_eps", "is not a number from 0 to 1")
    }
    return Float(epsilon)
  }

  /// The id of the end of text, which may stand in a list of one.
  private func endOfText() throws(FileError) -> Int? {
    guard let member = file.value(part, "eos_token_id") else { return 49407 }
    if member == .null { return nil }
    let list = member.array ?? [member]
    guard list.count == 1, let id = list[0].integer, (0...Vocabulary.highestID).contains(id) else {
      throw error("eos_token_id", "is not one token id")
    }
    return id
  }

  private func checkHeads(_ heads: Int, width: Int) throws(FileError) {
    guard width % heads == 0 else {
      throw error("num_attention_heads", "is \(heads), which does not divide the hidden_size \(width)")
    }
  }

  /// The value, or nil where it is left out or null.
  private func value(_ name: ByteString) -> JSON? {
    let value = file.value(part, name)
    return value == .null ? nil : value
  }

  private func error(_ name: ByteString, _ problem: String) -> FileError {
    let place = part.map { $0.bytes.isEmpty ? "" : " of \"\($0)\"" } ?? ""
    return file.error("\"\(name)\"\(place) \(problem)")
  }
}

extension ConfigurationFile {
  /// The member `name` of the object `part`, or of the file's own where `part` is nil.
  fileprivate func value(_ part: ByteString?, _ name: ByteString) -> JSON? {
    guard let part else { return root[name] }
    return root[part]?[name]
  }
}
