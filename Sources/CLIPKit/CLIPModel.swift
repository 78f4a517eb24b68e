package import Files
package import TensorKit

/// CLIP's image encoder with the projection to the space that pictures and texts share.
package struct ImageFeatures: Sendable {
  package let encoder: ImageEncoder
  /// [features, width].
  package let projection: Tensor
  package let preprocessing: ImagePreprocessing

  /// Reads the image side of the CLIP model at `location`. With `exactly`, products are of Float32 on every CPU.
  package init(_ location: ModelLocation, exactly: Bool = false) throws(FileError) {
    let (configuration, weights) = try location.clip()
    guard let vision = configuration.vision else { throw weights.error("has no image encoder") }
    encoder = try ImageEncoder(from: weights.scoped("vision_model"), vision, exactly: exactly)
    projection = try weights.tensor("visual_projection.weight", shape: [configuration.featureWidth, vision.width])
    try weights.scoped("vision_model").checkAllTaken()
    preprocessing = try location.preprocessing(side: vision.imageSize)
  }

  /// Features as they come, not normalised: pixels [n, 3, side, side] to [n, features].
  package func callAsFunction(_ pixels: Tensor) -> Tensor { linear(encoder.pooled(pixels), weight: projection) }
}

/// CLIP's projection of the text encoder's pooled output to the space that pictures and texts share.
package struct TextProjection: Sendable {
  /// [features, width].
  package let weight: Tensor

  /// Reads the projection of the CLIP model at `location`.
  package init(_ location: ModelLocation) throws(FileError) {
    let (configuration, weights) = try location.clip()
    guard let text = configuration.text else { throw weights.error("has no text encoder") }
    weight = try weights.tensor("text_projection.weight", shape: [configuration.featureWidth, text.width])
  }

  /// Reads the projection that stands beside the text encoder of the model at `location`; nil where there is none, as in
  /// most files made for pictures alone.
  package init?(besideTextEncoderOf location: ModelLocation) throws(FileError) {
    let (configuration, weights) = try location.textEncoder()
    guard let shape = weights.shape("text_projection.weight"), shape.count == 2 else { return nil }
    weight = try weights.tensor("text_projection.weight", shape: [shape[0], configuration.width])
  }

  /// Features as they come, not normalised: pooled [n, width] to [n, features].
  package func callAsFunction(_ pooled: Tensor) -> Tensor { linear(pooled, weight: weight) }
}

extension TextEncoder {
  /// Reads the text encoder of the model at `location`.
  package init(_ location: ModelLocation) throws(FileError) {
    let (configuration, weights) = try location.textEncoder()
    let scope = weights.scoped("text_model")
    try self.init(from: scope, configuration)
    try scope.checkAllTaken()
  }
}
