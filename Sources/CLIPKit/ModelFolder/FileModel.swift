import Files
import SystemPackage
import TensorKit

/// A model in one file, which brings no configuration: the shapes follow from its tensors.
enum FileModel {
  /// The tensors of the file, which must hold a text encoder of CLIP's kind.
  static func open(_ path: FilePath) throws(FileError) -> any WeightSource {
    let source = try WeightFile.open(path)
    func fault(_ found: String) -> FileError {
      FileError(.malformed, path, "is \(found); a Stable Diffusion 1.x checkpoint or text encoder was expected")
    }
    // Both are checkpoints by their other parts, but their text encoders are not CLIP's.
    if source.names.contains(where: { $0.hasPrefix("cond_stage_model.model.") }) {
      throw fault("a Stable Diffusion 2 checkpoint (text features of 1024)")
    }
    if source.names.contains(where: { $0.hasPrefix("conditioner.embedders.") }) { throw fault("an SDXL checkpoint") }
    if TensorNaming(of: source) == nil { throw fault(WeightKind(of: source).description) }
    return source
  }

  /// The shapes of the text encoder in `model`: of every size, but otherwise like that of ViT-L/14, with heads of 64.
  static func textConfiguration(_ model: TensorScope) throws(FileError) -> TextConfiguration {
    let text = model.scoped("text_model")
    func shape(_ name: ByteString) throws(FileError) -> [Int] {
      guard let shape = text.shape(name), shape.count == 2, shape.allSatisfy({ (1...1 << 24).contains($0) }) else {
        throw FileError(.malformed, model.path, "has no matrix \"text_model.\(name)\", which a text encoder needs")
      }
      return shape
    }
    let tokens = try shape("embeddings.token_embedding.weight")
    let positions = try shape("embeddings.position_embedding.weight")
    let inner = try shape("encoder.layers.0.mlp.fc1.weight")
    let width = tokens[1]
    // Those of OpenAI end at 768; the wider ones are OpenCLIP's and have another activation.
    guard width <= 64 || width % 64 == 0 && width <= 768 else {
      let family = CLIPFamily.describe(width: width)
      throw FileError(.malformed, model.path, "has a text encoder of width \(family); 768 was expected")
    }
    return TextConfiguration(
      vocabularySize: tokens[0], positionCount: positions[0], width: width, innerWidth: inner[0],
      layerCount: text.layerCount(), headCount: max(1, width / 64), activation: .quickGELU, layerNormEpsilon: 1e-5,
      endOfText: nil)
  }
}
