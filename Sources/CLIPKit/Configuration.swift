package import Files
package import SystemPackage
package import TensorKit

/// The shape of a CLIP text encoder.
package struct TextConfiguration: Hashable, Sendable {
  /// The number of token embeddings.
  package var vocabularySize: Int
  /// The number of position embeddings, which is the longest sequence: 77.
  package var positionCount: Int
  /// The width of every token's vector: 768 in ViT-L/14 and Stable Diffusion 1.x.
  package var width: Int
  /// The width between the two linear layers of a block, mostly four times `width`.
  package var innerWidth: Int
  /// The number of blocks.
  package var layerCount: Int
  /// The number of attention heads; it divides `width`.
  package var headCount: Int
  /// The nonlinearity in the blocks.
  package var activation: Activation
  /// What layer norms add to the variance.
  package var layerNormEpsilon: Float
  /// The id at whose first place the pooled vector is taken; nil in old files, which name a wrong one (2), so that it is
  /// the place of the highest id (both are the first end of text, unless tokens were added behind it).
  package var endOfText: Int?

  /// A shape; see the properties.
  package init(
    vocabularySize: Int, positionCount: Int, width: Int, innerWidth: Int, layerCount: Int, headCount: Int,
    activation: Activation, layerNormEpsilon: Float, endOfText: Int?
  ) {
    self.vocabularySize = vocabularySize
    self.positionCount = positionCount
    self.width = width
    self.innerWidth = innerWidth
    self.layerCount = layerCount
    self.headCount = headCount
    self.activation = activation
    self.layerNormEpsilon = layerNormEpsilon
    self.endOfText = endOfText
  }
}

/// The shape of a CLIP image encoder.
package struct VisionConfiguration: Hashable, Sendable {
  /// The side of the square picture in pixels.
  package var imageSize: Int
  /// The side of the square patches in pixels; it divides `imageSize`.
  package var patchSize: Int
  /// The width of every patch's vector: 1024 in ViT-L/14.
  package var width: Int
  /// The width between the two linear layers of a block, mostly four times `width`.
  package var innerWidth: Int
  /// The number of blocks.
  package var layerCount: Int
  /// The number of attention heads; it divides `width`.
  package var headCount: Int
  /// The nonlinearity in the blocks.
  package var activation: Activation
  /// What layer norms add to the variance.
  package var layerNormEpsilon: Float

  /// A shape; see the properties.
  package init(
    imageSize: Int, patchSize: Int, width: Int, innerWidth: Int, layerCount: Int, headCount: Int,
    activation: Activation, layerNormEpsilon: Float
  ) {
    self.imageSize = imageSize
    self.patchSize = patchSize
    self.width = width
    self.innerWidth = innerWidth
    self.layerCount = layerCount
    self.headCount = headCount
    self.activation = activation
    self.layerNormEpsilon = layerNormEpsilon
  }

  /// The number of patches along a side.
  package var gridSize: Int { imageSize / patchSize }
  /// The number of position embeddings: one for the class token, one for each patch.
  package var positionCount: Int { gridSize * gridSize + 1 }
}

/// The shapes in a model folder's config.json.
package struct CLIPConfiguration: Hashable, Sendable {
  /// The text encoder, if the model has one.
  package var text: TextConfiguration?
  /// The image encoder, if the model has one.
  package var vision: VisionConfiguration?
  /// The width of text and image features, where the model has projections to them.
  package var featureWidth: Int

  /// Those of the given parts.
  package init(text: TextConfiguration?, vision: VisionConfiguration?, featureWidth: Int) {
    self.text = text
    self.vision = vision
    self.featureWidth = featureWidth
  }

  /// Reads the config.json of a CLIPModel, CLIPTextModel or CLIPVisionModel. What it leaves out has the defaults of
  /// transformers 5.23; what makes no sense is an error that names the key.
  package init(file path: FilePath) throws(FileError) {
    let file = try ConfigurationFile(path)
    let type = file["model_type"]?.string
    let root = ConfigurationReader(file: file, part: nil)
    switch type {
    case "clip":
      self = try CLIPConfiguration(both: file)
    case "clip_text_model":
      self.init(text: try root.text(), vision: nil, featureWidth: try root.size("projection_dim", default: 512))
    case "clip_vision_model":
      self.init(text: nil, vision: try root.vision(), featureWidth: try root.size("projection_dim", default: 512))
    case nil where ["text_config", "text_config_dict"].contains { file[$0] != nil }:
      self = try CLIPConfiguration(both: file)
    case nil where file["vocab_size"] != nil && file["max_position_embeddings"] != nil:
      self.init(text: try root.text(), vision: nil, featureWidth: try root.size("projection_dim", default: 512))
    case let type?:
      throw file.error("describes a model of the type \"\(type)\"; one of CLIP was expected (clip, clip_text_model)")
    case nil:
      throw file.error("does not describe a CLIP model: it has no \"model_type\"")
    }
  }

  /// A CLIPModel's: `text_config` and `vision_config`. Files before 2023 also have `…_config_dict`, which then counts alone.
  private init(both file: ConfigurationFile) throws(FileError) {
    func part(_ name: ByteString) throws(FileError) -> ConfigurationReader {
      let name = file[name + "_dict"].map { $0 != .null } ?? false ? name + "_dict" : name
      return ConfigurationReader(file: file, part: file[name].map { $0 != .null } ?? false ? name : "")
    }
    self.init(
      text: try part("text_config").text(), vision: try part("vision_config").vision(),
      featureWidth: try ConfigurationReader(file: file, part: nil).size("projection_dim", default: 512))
  }
}
