package import Files
package import SystemPackage

/// The weights in a folder of transformers or of one part of a diffusers pipeline.
package enum WeightFiles {
  /// In the order in which they are looked for: as transformers does, then the halved variants.
  private static let names = [
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
    "model.fp16.safetensors", "model.safetensors.index.fp16.json", "pytorch_model.fp16.bin",
  ]
  private static let diffusionNames = [
    ".safetensors", ".safetensors.index.json", ".bin", ".fp16.safetensors", ".fp16.bin",
  ]
  .map { "diffusion_pytorch_model" + $0 }

  /// The path of the weight file, or of the index of several.
  package static func path(in folder: FilePath) throws(FileError) -> FilePath {
    if let name = (names + diffusionNames).first(where: { folder.appending($0).isFile }) {
      return folder.appending(name)
    }
    let others = try Folder.entries(of: folder).filter { path in
      ["msgpack", "h5", "onnx", "gguf", "bin", "safetensors", "pt", "ckpt"].contains(path.extension ?? "")
    }
    throw FileError(
      .missing, folder, "holds no weights (model.safetensors, pytorch_model.bin or the like)",
      hint: others.first.map {
        "it has \($0.lastComponent?.string ?? ""), which is not one of the names of a model folder"
      })
  }

  /// The tensors in the folder.
  package static func open(in folder: FilePath) throws(FileError) -> any WeightSource {
    let path = try path(in: folder)
    return path.extension == "json" ? try ShardedWeights(index: path) : try WeightFile.open(path)
  }
}
