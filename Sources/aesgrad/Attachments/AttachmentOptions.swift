import ArgumentParser
import CLIPKit
import Diffusion
import Files
import SystemPackage
import TensorKit

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
    help: ArgumentHelp("Where textual inversions are found by name; those that prompts name are taught.", valueName: "folder"))
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
  /// Opens the files that the options and `prompts` ask for, and takes these requests out of the prompts. Without
  /// `hypernetworks` none of those are opened, though prompts may ask for them.
  func open(
    _ prompts: [String], hypernetworks: HypernetworkOptions? = nil
  ) throws -> (prompts: [String], attachments: Attachments) {
    var texts: [String] = []
    var references: [PromptReference] = []
    for prompt in prompts {
      do throws(PromptReference.Fault) {
        let (text, found) = try PromptReference.parse(prompt)
        texts.append(text)
        references += found.filter { !references.contains($0) }
      } catch { throw ValidationError(error.problem) }
    }
    var attachments = Attachments()
    func add(_ path: FilePath, _ weights: (text: Double, image: Double)) throws(FileError) {
      let source = try WeightFile.open(path)
      let adapter = try Adapter(reading: source, settings: AdapterSettings(beside: source))
      attachments.adapters.append((adapter, Float(weights.text), Float(weights.image)))
    }
    let loras = try Names("LoRA", loraDir, "--lora-dir", ["safetensors", "pt", "ckpt", "bin", "sft"])
    for lora in lora { try add(loras.path(lora.path), (Double(lora.strength), Double(lora.strength))) }
    for wanted in references where wanted.kind == .lora { try add(loras.path(wanted.name), wanted.weights) }

    let embeddings = try Names("textual inversion", embeddingDir, "--embedding-dir", ["safetensors", "pt", "bin", "sft"])
    let named = try embedding.map { try embeddings.path($0.path) }
    for path in named + (embeddings.files?.mentioned(in: texts) ?? []).filter({ !named.contains($0) }) {
      attachments.inversions.append(try TextualInversion(reading: WeightFile.open(path)))
    }

    guard let hypernetworks else { return (texts, attachments) }
    let networks = try Names("hypernetwork", hypernetworks.hypernetworkDir, "--hypernetwork-dir", ["pt", "safetensors"])
    var wanted = try hypernetworks.hypernetwork.map { (try networks.path($0.path), $0.strength) }
    for reference in references where reference.kind == .hypernetwork {
      wanted.append((try networks.path(reference.name), Float(reference.weights.image)))
    }
    for (path, strength) in wanted {
      let network = try Hypernetwork(reading: WeightFile.open(path))
      attachments.hypernetworks.append(WeightedHypernetwork(network, strength: strength))
    }
    return (texts, attachments)
  }

  /// Names of files, and the folder that they are looked up in, if there is one.
  private struct Names {
    let what: String
    let option: String
    let files: NamedFiles?

    init(_ what: String, _ folder: PathArgument?, _ option: String, _ endings: Set<String>) throws(FileError) {
      (self.what, self.option) = (what, option)
      files = try folder.map { folder throws(FileError) in try NamedFiles(what, in: folder.path, endings: endings) }
    }

    /// The file at `path`, or that of this name in the folder.
    func path(_ path: FilePath) throws -> FilePath { try path.isFile ? path : self.path(path.string, or: path) }

    /// The file of this name in the folder.
    func path(_ name: String, or path: FilePath? = nil) throws -> FilePath {
      if let files { return try files.find(name) }
      if let path { throw FileError(.missing, path, "there is no such file", hint: "\(option) says where names are found") }
      throw ValidationError("The prompt asks for the \(what) \"\(name)\", but no folder is named: \(option)")
    }
  }
}

/// What files of other programs add to a model.
struct Attachments {
  /// LoRAs, and how much of them for the text encoder and for the UNet.
  var adapters: [(adapter: Adapter, text: Float, image: Float)] = []
  var inversions: [TextualInversion] = []
  /// For `UNet.hypernetworks`.
  var hypernetworks: [WeightedHypernetwork] = []

  /// Adds LoRAs to `encoder`, which was read from `model`, and teaches it and `tokenizer` the inversions' words. Deltas come
  /// before, since they belong to the encoder as it was.
  func apply(to encoder: inout TextEncoder, _ tokenizer: inout Tokenizer, of model: ModelLocation) throws(FileError) {
    for (adapter, text, _) in adapters { try encoder.add(adapter, weight: text, model: model.path) }
    for inversion in inversions { try inversion.teach(&encoder, &tokenizer) }
  }

  /// The UNet's weights with the LoRAs added, to be read by `UNet.init`.
  func applied(to weights: TensorScope) throws(FileError) -> TensorScope {
    try weights.adding(adapters.map { ($0.adapter, $0.image) }, to: .image)
  }
}
