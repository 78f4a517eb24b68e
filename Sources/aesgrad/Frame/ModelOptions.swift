import ArgumentParser
import CLIPKit
import Files
import Foundation
import PocketModel
import SystemPackage
import TensorKit

/// Which models, and how many threads.
struct ModelOptions: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "The Stable Diffusion model.",
      discussion: """
        A diffusers folder, a single-file checkpoint, or a name such as org/name in the local Hugging Face cache. \
        Otherwise $AESGRAD_MODEL, or the small model that ships.
        """, valueName: "model"))
  var model: PathArgument?

  @Option(
    help: ArgumentHelp(
      "The CLIP model: image encoder, projections, tokenizer.",
      discussion: """
        A folder or a name in the local Hugging Face cache. Otherwise $AESGRAD_CLIP, the one in the model's folder, or \
        openai/clip-vit-large-patch14 in the cache.
        """, valueName: "model"))
  var clip: PathArgument?

  @Option(help: ArgumentHelp("How many threads to use; otherwise as many as there are cores.", valueName: "count"))
  var threads: Int?

  private static let standardCLIP: FilePath = "openai/clip-vit-large-patch14"

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads \(threads): at least 1 is needed") }
  }

  /// Tells the arithmetic how many threads to use.
  func applyThreads() {
    if let threads { Threads.use(threads) }
  }

  /// The model named by `-m` or `$AESGRAD_MODEL`; nil if there is neither.
  func namedModel() throws(FileError) -> ModelLocation? {
    guard let name = model?.path ?? Self.variable("AESGRAD_MODEL") else { return nil }
    return try ModelLocation.find(name, cache: Self.cache)
  }

  /// The model to use: as named, else, where no CLIP model is named either, the one that ships, if it is there.
  func usualModel() throws(FileError) -> ModelLocation? {
    if let named = try namedModel() { return named }
    guard clip == nil, Self.variable("AESGRAD_CLIP") == nil, let folder = PocketModel.folder() else { return nil }
    return try ModelLocation(folder)
  }

  /// The CLIP model named by `--clip` or `$AESGRAD_CLIP`; nil if there is neither.
  func namedCLIP() throws(FileError) -> ModelLocation? {
    guard let name = clip?.path ?? Self.variable("AESGRAD_CLIP") else { return nil }
    return try ModelLocation.find(name, cache: Self.cache)
  }

  /// The CLIP model: as named, else the one that the model is or has in its folder, else OpenAI's ViT-L/14 in the cache.
  func clipModel() throws(FileError) -> ModelLocation {
    if let named = try namedCLIP() { return named }
    if let model = try usualModel() {
      if model.kind == .clip { return model }
      if let inner = try? ModelLocation(model.path.appending("clip")), inner.kind == .clip { return inner }
    }
    return try ModelLocation.find(Self.standardCLIP, cache: Self.cache)
  }

  private static func variable(_ name: String) -> FilePath? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : FilePath($0) }
  }

  private static var cache: HubCache { HubCache(environment: ProcessInfo.processInfo.environment) }
}

extension ModelLocation {
  /// What to call the model in files and reports: its name on the hub, or that of its folder or file.
  var name: String {
    let parts = path.components.map(\.string)
    if let cached = parts.last(where: { $0.hasPrefix("models--") }) {
      return String(cached.dropFirst("models--".count).replacing("--", with: "/"))
    }
    return parts.last ?? path.printable
  }
}
