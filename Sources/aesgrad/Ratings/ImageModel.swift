import Aesthetic
import CLIPKit
import Files

/// The image encoder of a CLIP model, known by its fingerprint; its weights are read when they are first needed.
final class ImageModel {
  /// How the store knows it.
  let stored: StoredModel
  let location: ModelLocation
  private var features: ImageFeatures?

  /// The image encoder of the CLIP model at `location`.
  init(_ location: ModelLocation) throws(FileError) {
    self.location = location
    stored = StoredModel(
      fingerprint: try location.imageFingerprint(), kind: .imageEncoder, name: location.name,
      width: try location.clip().configuration.featureWidth)
  }

  /// The encoder itself.
  func encoder() throws(FileError) -> ImageFeatures {
    if let features { return features }
    let read = try ImageFeatures(location)
    features = read
    return read
  }
}
