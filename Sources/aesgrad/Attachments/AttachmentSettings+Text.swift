import Files
import Raster
import SystemPackage

/// What pictures say of the files that changed their model. Those that the prompt asks for stand in the prompt.
extension AttachmentSettings {
  private enum Name {
    static let loras = "LoRA files"
    static let embeddings = "Embedding files"
    static let hypernetworks = "Hypernetwork files"
    static let loraFolder = "LoRA folder"
    static let embeddingFolder = "Embedding folder"
    static let hypernetworkFolder = "Hypernetwork folder"
  }

  /// Several files, one behind the other.
  private static let separator = " | "

  /// What there is to say, in this order.
  var fields: [GenerationText.Setting] {
    func joined(_ files: [String]) -> String { files.joined(separator: Self.separator) }
    let all: [(String, String)] = [
      (Name.loras, joined(loras.map(\.description))), (Name.loraFolder, loraFolder?.string ?? ""),
      (Name.embeddings, joined(embeddings.map(\.string))), (Name.embeddingFolder, embeddingFolder?.string ?? ""),
      (Name.hypernetworks, joined(hypernetworks.map(\.description))),
      (Name.hypernetworkFolder, hypernetworkFolder?.string ?? ""),
    ]
    return all.filter { !$0.1.isEmpty }.map { .init($0.0, $0.1) }
  }

  /// The files that the text of a picture names.
  init(_ text: GenerationText) {
    func files(_ name: String) -> [String] {
      (text.value(name) ?? "").split(separator: Self.separator).map(String.init)
    }
    func folder(_ name: String) -> FilePath? { text.value(name).map { FilePath($0) } }
    loras = files(Name.loras).compactMap(WeightedPath.init)
    embeddings = files(Name.embeddings).map { FilePath($0) }
    hypernetworks = files(Name.hypernetworks).compactMap(WeightedPath.init)
    loraFolder = folder(Name.loraFolder)
    embeddingFolder = folder(Name.embeddingFolder)
    hypernetworkFolder = folder(Name.hypernetworkFolder)
  }
}
