package import Files
package import SystemPackage
package import TensorKit

/// A model that somebody named: where it is and what it is made of.
package struct ModelLocation: Sendable {
  /// The forms in which models come.
  package enum Kind: Hashable, Sendable {
    /// A folder of diffusers: `model_index.json`, `text_encoder/`, `tokenizer/`.
    case pipeline
    /// A folder of a CLIPModel: text and image encoder with their projections.
    case clip
    /// A folder of a CLIPTextModel.
    case textEncoder
    /// A folder of a CLIPVisionModel.
    case imageEncoder
    /// A folder of a tokenizer and nothing else.
    case tokenizer
    /// One file: a checkpoint of Stable Diffusion 1.x or a text encoder alone.
    case file
  }

  /// The folder or file.
  package let path: FilePath
  /// The form it has.
  package let kind: Kind

  /// The model that `name` means: a folder or file; else, if it has that form, a name in the hub's local cache.
  package static func find(_ name: FilePath, cache: HubCache) throws(FileError) -> ModelLocation {
    if name.exists { return try ModelLocation(name) }
    guard let hubName = HubName(name.string) else {
      throw FileError(.missing, name, "there is no such file or folder")
    }
    if let snapshot = try cache.snapshot(of: hubName) { return try ModelLocation(snapshot) }
    throw FileError(
      .missing, name, "there is no such folder, and no such model in the cache \(cache.folder.printable)",
      hint: "nothing is downloaded here; `hf download \(hubName.organisation)/\(hubName.name)` puts it into the cache")
  }

  /// The model at `path`.
  package init(_ path: FilePath) throws(FileError) {
    self.path = path
    kind = path.isFolder ? try Self.kind(ofFolder: path) : .file
  }

  private static func kind(ofFolder folder: FilePath) throws(FileError) -> Kind {
    if folder.appending("model_index.json").isFile {
      let index = try ConfigurationFile(folder.appending("model_index.json"))
      // SDXL and its successors have two text encoders or more, this one beside the others.
      if index["text_encoder_2"]?.array != nil {
        let name = index["_class_name"]?.string ?? "unknown"
        throw index.error("is a pipeline of the kind \(name); one of Stable Diffusion 1.x was expected")
      }
      return .pipeline
    }
    if folder.appending("config.json").isFile {
      let configuration = try ConfigurationFile(folder.appending("config.json"))
      if let part = configuration["_class_name"]?.string {
        throw FileError(
          .malformed, folder, "is the folder of one part of a pipeline (\(part)); a model was expected",
          hint: "name the folder above it")
      }
      let shapes = try CLIPConfiguration(file: configuration.path)
      return shapes.text == nil ? .imageEncoder : shapes.vision == nil ? .textEncoder : .clip
    }
    if folder.appending("text_encoder").isFolder { return .pipeline }
    if Tokenizer.isPresent(in: folder) { return .tokenizer }
    let entries = try Folder.entries(of: folder)
    if entries.isEmpty { throw FileError(.missing, folder, "is an empty folder; a model was expected") }
    let file = entries.first { ["safetensors", "ckpt"].contains($0.extension ?? "") }?.lastComponent?.string
    throw FileError(
      .missing, folder, "is no model folder: it has neither model_index.json nor config.json",
      hint: file.map { "to use the file \($0) in it, name the file itself" })
  }
}

extension ModelLocation {
  /// The shapes and tensors of the text encoder; its tensors are under `text_model` in the scope.
  package func textEncoder() throws(FileError) -> (configuration: TextConfiguration, weights: TensorScope) {
    switch kind {
    case .file:
      let weights = try TensorScope(clip: FileModel.open(path))
      return (try FileModel.textConfiguration(weights), weights)
    case .tokenizer: throw FileError(.malformed, path, "is a tokenizer alone; a text encoder was expected")
    case .pipeline, .clip, .textEncoder, .imageEncoder:
      let folder = kind == .pipeline ? path.appending("text_encoder") : path
      guard folder.isFolder else { throw FileError(.missing, path, "has no folder text_encoder") }
      guard let text = try CLIPConfiguration(file: folder.appending("config.json")).text else {
        throw FileError(.malformed, path, "is a CLIP image encoder; a text encoder was expected")
      }
      if kind == .pipeline, text.width == 1024 {
        throw FileError(
          .malformed, path,
          "is a pipeline of Stable Diffusion 2 (its text encoder is 1024 wide); 1.x was expected (768)")
      }
      return (text, try TensorScope(clip: WeightFiles.open(in: folder)))
    }
  }

  /// The shapes and tensors of a whole CLIP model: `text_model`, `vision_model` and both projections in the scope.
  package func clip() throws(FileError) -> (configuration: CLIPConfiguration, weights: TensorScope) {
    let found =
      switch kind {
      case .clip: ""
      case .pipeline: "is a diffusers pipeline, which has no CLIP image encoder"
      case .textEncoder: "is a CLIP text encoder alone"
      case .imageEncoder: "is a CLIP image encoder alone"
      case .tokenizer: "is a tokenizer alone"
      case .file: "is \(WeightKind(of: try FileModel.open(path)).description)"
      }
    guard kind == .clip else {
      throw FileError(
        .malformed, path, found + "; the folder of a whole CLIP model was expected",
        hint: "one with config.json, model.safetensors and a tokenizer, such as openai/clip-vit-large-patch14")
    }
    let configuration = try CLIPConfiguration(file: path.appending("config.json"))
    return (configuration, try TensorScope(clip: WeightFiles.open(in: path)))
  }

  /// The tokenizer in the folder, or nil where there is none, as with single files.
  package func tokenizer() throws(FileError) -> Tokenizer? {
    guard kind != .file, Tokenizer.isPresent(in: path) else { return nil }
    return try Tokenizer(folder: path)
  }

  /// How pictures are prepared for the folder's image encoder, which takes squares of `side` pixels.
  package func preprocessing(side: Int) throws(FileError) -> ImagePreprocessing {
    for folder in [path, path.appending("feature_extractor")] {
      let file = folder.appending("preprocessor_config.json")
      if file.isFile { return try ImagePreprocessing(file: file, side: side) }
    }
    return ImagePreprocessing(side: side)
  }
}
