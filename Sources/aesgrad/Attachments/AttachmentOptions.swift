import ArgumentParser
import SystemPackage

/// Files of other programs that change what a text becomes.
struct TextAttachmentOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Add a LoRA, with a strength other than 1 behind a colon: a file, or a name in --lora-dir.",
      discussion: "Also as <lora:name:0.8> in a prompt; a second number there is for the UNet.",
      valueName: "file[:strength]"))
  var lora: [WeightedPath] = []

  @Option(
    help: ArgumentHelp(
      "Teach a textual inversion, which prompts then call by the file's name: a file, or a name in --embedding-dir.",
      valueName: "file"))
  var embedding: [PathArgument] = []

  @Option(help: ArgumentHelp("Where LoRAs are found by name.", valueName: "folder"))
  var loraDir: PathArgument?

  @Option(
    help: ArgumentHelp(
      "Where textual inversions are found by name; those that prompts name are taught.", valueName: "folder"))
  var embeddingDir: PathArgument?
}

/// Files of other programs that change what the UNet makes of a text.
struct HypernetworkOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Add a hypernetwork, with a strength other than 1 behind a colon: a file, or a name in --hypernetwork-dir.",
      discussion: "Also as <hypernet:name:0.8> in a prompt.", valueName: "file[:strength]"))
  var hypernetwork: [WeightedPath] = []

  @Option(help: ArgumentHelp("Where hypernetworks are found by name.", valueName: "folder"))
  var hypernetworkDir: PathArgument?
}

extension TextAttachmentOptions {
  /// Puts what was asked for into `settings`; the rest stays.
  func apply(to settings: inout AttachmentSettings) {
    if !lora.isEmpty { settings.loras = lora }
    if !embedding.isEmpty { settings.embeddings = embedding.map(\.path) }
    if let loraDir { settings.loraFolder = loraDir.path }
    if let embeddingDir { settings.embeddingFolder = embeddingDir.path }
  }
}

extension HypernetworkOptions {
  /// Puts what was asked for into `settings`; the rest stays.
  func apply(to settings: inout AttachmentSettings) {
    if !hypernetwork.isEmpty { settings.hypernetworks = hypernetwork }
    if let hypernetworkDir { settings.hypernetworkFolder = hypernetworkDir.path }
  }
}
