import Aesthetic
import CLIPKit
import Files
import SystemPackage
import TensorKit

/// Writes what was learned of a profile in the forms of other programs.
struct ProfileExporter {
  let profile: Profile
  let store: Store
  let models: ModelOptions
  let out: FilePath
  let replacing: Bool
  /// How numbers are stored.
  let type: ElementType

  /// What was written, for the report.
  struct Result {
    let version: Int
    var model: String?
    var tensors: Int
    var rank: Int?
    /// How many changed parameters the form has no place for.
    var leftOut = 0
  }

  /// The latest aesthetic, as the A1111 extension reads it or as safetensors.
  func embedding(asTorch: Bool) throws -> Result {
    let version = try store.latestVersion(profile)
    try Interruption.whileWriting {
      if asTorch { return try version.aesthetic.writeTorch(to: out, replacing: replacing) }
      let metadata = ExportOrigin(profile: profile, version: version).metadata
      try version.aesthetic.writeSafetensors(metadata: metadata, to: out, replacing: replacing)
    }
    return Result(version: version.version, tensors: asTorch ? 1 : 2)
  }

  /// The latest delta as a LoRA of at most this rank where it has no factors already; or, without one, as it is.
  func network(rank: Int?) throws -> Result {
    let (delta, origin) = try delta(of: models.namedModel())
    let entries = rank.map { delta.loraEntries(rank: $0, as: type) } ?? delta.lycorisEntries(as: type)
    guard !entries.isEmpty else {
      throw FileError(
        .malformed, store.path, "has a delta of the profile \"\(profile.name)\" that changes no linear map")
    }
    let dimension =
      rank == nil ? nil : entries.filter { $0.name.hasSuffix(".lora_down.weight") }.map { $0.shape[0] }.max()
    let metadata = origin.metadata(
      ofNetwork: rank == nil ? "lycoris.kohya" : "networks.lora", dimension: dimension,
      precision: type == .float16 ? "fp16" : "no", dataHash: try SafetensorsWriter.dataHash(of: entries))
    try Interruption.whileWriting {
      try SafetensorsWriter.write(entries, metadata: metadata, to: out, replacing: replacing)
    }
    let leftOut = delta.leftOut
    return Result(
      version: origin.version, model: origin.base?.name, tensors: entries.count, rank: dimension,
      leftOut: rank == nil ? leftOut.ofLyCORIS : leftOut.ofLoRA)
  }

  /// The text encoder with the delta: one file where its name says so, else a folder with config.json and the weights.
  func textEncoder() throws -> Result {
    let isFile = out.extension == "safetensors"
    let file = isFile ? out : out.appending("model.safetensors")
    let configuration = out.appending("config.json")
    for path in isFile ? [file] : [file, configuration] { try OutputFile.checkTarget(path, replacing: replacing) }
    let (encoder, origin) = try personalisedEncoder()
    let isNew = !isFile && !out.exists
    if isNew { try Folder.make(out) }
    do {
      try Interruption.whileWriting {
        try encoder.write(as: type, metadata: origin.metadata, to: file, replacing: replacing) {
          try Interruption.check()
        }
        if isFile { return }
        let json = encoder.configuration.json(type: type)
        try OutputFile.write(Array(json.utf8), to: configuration, replacing: replacing)
      }
    } catch {
      if isNew { Folder.removeMade(out, with: [file]) }
      throw error
    }
    return Result(version: origin.version, model: origin.base?.name, tensors: encoder.parameters.count)
  }

  /// What a prompt becomes, and beside it the empty prompt without the profile: both as `[1, t, width]` under the names
  /// of diffusers' arguments.
  func conditioning(of prompt: String) throws -> Result {
    let tokenizer = try models.tokenizer()
    let (encoder, origin) = try personalisedEncoder()
    let model = try model()
    let chunks = try tokenizer.chunks(ofPrompt: prompt, for: encoder.configuration, of: model)
    let empty = try tokenizer.chunks(ofPrompt: "", for: encoder.configuration, of: model)
    let negative = try TextEncoder(model).conditioning(Array(repeating: empty[0], count: chunks.count))
    let positive = encoder.conditioning(chunks)
    let shape = [1] + positive.shape
    var metadata = origin.metadata
    metadata["text"] = ByteString(prompt)
    try Interruption.whileWriting {
      try SafetensorsWriter.write(
        [
          WeightEntry("prompt_embeds", positive.reshaped(shape), as: type),
          WeightEntry("negative_prompt_embeds", negative.reshaped(shape), as: type),
        ], metadata: metadata, to: out, replacing: replacing)
    }
    return Result(version: origin.version, model: origin.base?.name, tensors: 2)
  }

  private func model() throws(FileError) -> ModelLocation {
    guard let model = try models.usualModel() else {
      throw FileError(.missing, store.path, "holds no text encoder", hint: "-m names the model, or $AESGRAD_MODEL")
    }
    return model
  }

  private func personalisedEncoder() throws -> (TextEncoder, ExportOrigin) {
    let model = try model()
    var encoder = try TextEncoder(model)
    let (delta, origin) = try delta(of: model, encoder.fingerprint)
    try delta.apply(to: &encoder, path: store.path, model: model.path)
    return (encoder, origin)
  }

  /// The latest delta: that for the text encoder of `model`, whose fingerprint is not always known yet, else for any.
  private func delta(of model: ModelLocation?, _ fingerprint: String? = nil) throws -> (Delta, ExportOrigin) {
    let wanted = try model.map { model in try fingerprint ?? TextEncoder(model).fingerprint }
    let stored = try store.latestDelta(profile, fingerprint: wanted, model: model?.path ?? store.path)
    let delta = try store.delta(stored)
    guard let version = try store.versions(profile).last(where: { $0.version == stored.version }) else {
      throw FileError(.malformed, store.path, "has a delta of version \(stored.version), but not that version")
    }
    var origin = ExportOrigin(profile: profile, version: version)
    origin.base = (stored.model.name, stored.model.fingerprint)
    origin.delta = delta.hash
    return (delta, origin)
  }
}
