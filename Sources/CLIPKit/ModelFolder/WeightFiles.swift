import Files
import SystemPackage
import TensorKit

/// The weights in a folder of transformers or diffusers.
enum WeightFiles {
  /// In the order in which they are looked for: as transformers does, then the halved variants.
  private static let names = [
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
    "model.fp16.safetensors", "model.safetensors.index.fp16.json", "pytorch_model.fp16.bin",
  ]

  /// The path of the weight file, or of the index of several.
  static func path(in folder: FilePath) throws(FileError) -> FilePath {
    if let name = names.first(where: { folder.appending($0).isFile }) { return folder.appending(name) }
    let others = try Folder.entries(of: folder).filter { path in
      ["msgpack", "h5", "onnx", "gguf", "bin", "safetensors", "pt", "ckpt"].contains(path.extension ?? "")
    }
    throw FileError(
      .missing, folder, "holds no weights (model.safetensors or pytorch_model.bin)",
      hint: others.first.map {
        "it has \($0.lastComponent?.string ?? ""), which is not one of the names of a model folder"
      })
  }

  /// The tensors in the folder.
  static func open(in folder: FilePath) throws(FileError) -> any WeightSource {
    let path = try path(in: folder)
    return path.extension == "json" ? try ShardedWeights(index: path) : try WeightFile.open(path)
  }
}
