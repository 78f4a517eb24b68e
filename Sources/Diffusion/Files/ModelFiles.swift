package import Files
package import SystemPackage
package import TensorKit

/// Where a model's parts are: a diffusers folder, or a checkpoint in a single file.
package struct ModelFiles: Sendable {
  /// The folder or file.
  package let path: FilePath
  private let isFolder: Bool
  /// The checkpoint, open; nil for folders.
  private let checkpoint: (any WeightSource)?

  /// Opens the folder or file at `path`.
  package init(_ path: FilePath) throws(FileError) {
    self.path = path
    guard path.exists else { throw FileError(.missing, path, "there is no such file or folder") }
    isFolder = path.isFolder
    checkpoint = isFolder ? nil : try WeightFile.open(path)
    if isFolder, !path.appending("unet").isFolder {
      throw FileError(
        .missing, path, "is no diffusers folder: it has no folder \"unet\"",
        hint: "name the folder with model_index.json, or a single-file checkpoint")
    }
  }

  /// The file that the UNet stands in, or the index of several: a model is known by its hash.
  package var unetFile: FilePath {
    get throws(FileError) { isFolder ? try WeightFiles.path(in: path.appending("unet")) : path }
  }

  /// The UNet's shape and tensors, under diffusers' names.
  package func unet() throws(FileError) -> (configuration: UNetConfiguration, weights: TensorScope) {
    guard let checkpoint else {
      let folder = path.appending("unet")
      let configuration = try UNetConfiguration(file: ConfigurationFile(folder.appending("config.json")))
      let source = try WeightFiles.open(in: folder)
      return (
        configuration, TensorScope(source, stored: Dictionary(uniqueKeysWithValues: source.names.map { ($0, $0) }))
      )
    }
    let names = checkpoint.names.filter { $0.hasPrefix(Self.unetPrefix) }
    guard !names.isEmpty else {
      throw FileError(
        .malformed, path, "holds no UNet (model.diffusion_model.…); a checkpoint of Stable Diffusion 1.x was expected")
    }
    let key = names.first { $0.hasSuffix("attn2.to_k.weight") }.flatMap { checkpoint.shape(of: $0)?.last }
    if let family = DiffusionFamily(
      conditioningWidth: key ?? 0, hasAddedEmbedding: names.contains { $0.hasPrefix(Self.unetPrefix + "label_emb.") })
    {
      throw family.error(path)
    }
    // Blocks are numbered through: the first that halves the picture comes behind the first level's layers.
    let halving = (1..<64).first { checkpoint.shape(of: Self.unetPrefix + "input_blocks.\($0).0.op.weight") != nil }
    let last = (1..<64).last {
      checkpoint.shape(of: Self.unetPrefix + "input_blocks.\($0).0.in_layers.0.weight") != nil
    }
    let layers = halving.map { $0 - 1 } ?? last ?? 0
    let weights = try scope(checkpoint, names, prefix: Self.unetPrefix, of: "UNet") {
      CheckpointNames.unet($0, layersPerBlock: max(1, layers))
    }
    return (try UNetConfiguration(inferredFrom: weights, layersPerBlock: layers), weights)
  }

  /// The VAE's shape and tensors, under diffusers' present names; from the file or folder `replacement` if there is one.
  package func vae(
    replacement: FilePath? = nil
  ) throws(FileError) -> (configuration: VAEConfiguration, weights: TensorScope) {
    if let replacement { return try Self.vae(at: replacement) }
    if isFolder { return try Self.vae(folder: path.appending("vae")) }
    guard let checkpoint else { throw FileError(.missing, path, "holds no VAE") }
    return try vae(checkpoint, prefix: Self.vaePrefix)
  }

  /// How the model was trained: the folder's scheduler configuration, or that of Stable Diffusion 1.x.
  package func schedule() throws(FileError) -> NoiseSchedule {
    let file = path.appending("scheduler").appending("scheduler_config.json")
    guard isFolder, let configuration = try ConfigurationFile(ifPresent: file) else { return NoiseSchedule() }
    return try NoiseSchedule(file: configuration)
  }

  private static let unetPrefix: ByteString = "model.diffusion_model."
  private static let vaePrefix: ByteString = "first_stage_model."

  /// A VAE by itself: a folder with config.json, a pipeline's folder, or a file of either naming.
  private static func vae(
    at path: FilePath
  ) throws(FileError) -> (configuration: VAEConfiguration, weights: TensorScope) {
    if path.isFolder { return try vae(folder: vaeFolder(path)) }
    let source = try WeightFile.open(path)
    let files = ModelFiles(path: path, checkpoint: source)
    return try files.vae(source, prefix: source.names.contains { $0.hasPrefix(vaePrefix) } ? vaePrefix : "")
  }

  /// The folder itself, or the one of the VAE in a pipeline's.
  private static func vaeFolder(_ path: FilePath) -> FilePath {
    path.appending("vae").isFolder ? path.appending("vae") : path
  }

  /// The file that a VAE's weights stand in, given its folder or its pipeline's.
  package static func vaeFile(in folder: FilePath) throws(FileError) -> FilePath {
    try WeightFiles.path(in: vaeFolder(folder))
  }

  private init(path: FilePath, checkpoint: any WeightSource) {
    (self.path, self.checkpoint, isFolder) = (path, checkpoint, false)
  }

  private static func vae(
    folder: FilePath
  ) throws(FileError) -> (configuration: VAEConfiguration, weights: TensorScope) {
    guard folder.isFolder else { throw FileError(.missing, folder, "there is no such folder, which holds the VAE") }
    let configuration = try VAEConfiguration(file: ConfigurationFile(folder.appending("config.json")))
    let source = try WeightFiles.open(in: folder)
    let files = ModelFiles(path: source.path, checkpoint: source)
    return (configuration, try files.scope(source, source.names, prefix: "", of: "VAE", CheckpointNames.presentVAE))
  }

  private func vae(
    _ source: any WeightSource, prefix: ByteString
  ) throws(FileError) -> (configuration: VAEConfiguration, weights: TensorScope) {
    // What trainings leave behind: the loss's discriminator, running means of the weights.
    let names = source.names.filter { name in
      name.hasPrefix(prefix)
        && !["loss", "model_ema"].contains { name.dropping(prefix.bytes.count).hasPrefix($0) }
    }
    let isPresent = source.shape(of: prefix + "decoder.up_blocks.0.resnets.0.conv1.weight") != nil
    guard isPresent || source.shape(of: prefix + "decoder.conv_in.weight") != nil else {
      throw FileError(.malformed, source.path, "holds no VAE (\(prefix)decoder.…) as Stable Diffusion 1.x has it")
    }
    let levels = (0..<16).count { source.shape(of: prefix + "decoder.up.\($0).block.0.conv1.weight") != nil }
    let weights = try scope(source, names, prefix: prefix, of: "VAE") {
      isPresent ? CheckpointNames.presentVAE($0) : CheckpointNames.vae($0, levels: levels)
    }
    return (try VAEConfiguration(inferredFrom: weights), weights)
  }

  /// The tensors of `source` under the names that `rename` gives for what stands behind `prefix`.
  private func scope(
    _ source: any WeightSource, _ names: [ByteString], prefix: ByteString, of part: String,
    _ rename: (String) -> String?
  ) throws(FileError) -> TensorScope {
    var stored: [ByteString: ByteString] = [:]
    for name in names {
      guard let text = name.dropping(prefix.bytes.count).string, let present = rename(text) else {
        throw FileError(
          .malformed, source.path, "has the tensor \"\(name)\", which no \(part) of Stable Diffusion 1.x has")
      }
      if let other = stored.updateValue(name, forKey: ByteString(present)) {
        throw FileError(.malformed, source.path, "has one tensor under two names, \"\(other)\" and \"\(name)\"")
      }
    }
    return TensorScope(source, stored: stored)
  }
}
