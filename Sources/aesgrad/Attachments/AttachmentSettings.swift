import ArgumentParser
import CLIPKit
import Diffusion
import Files
import SystemPackage
import TensorKit

/// Which files of other programs change a model, and where those are found that prompts ask for by name.
struct AttachmentSettings: Hashable {
  var loras: [WeightedPath] = []
  var embeddings: [FilePath] = []
  var hypernetworks: [WeightedPath] = []
  var loraFolder: FilePath?
  var embeddingFolder: FilePath?
  var hypernetworkFolder: FilePath?

  /// Opens the files that these settings and `prompts` ask for, and takes these requests out of the prompts.
  /// Hypernetworks are for those who draw; others open none, though prompts may ask for them.
  func open(
    _ prompts: [String], withHypernetworks: Bool = false
  ) throws -> (prompts: [String], attachments: Attachments) {
    var texts: [String] = []
    var references: [PromptReference] = []
    for prompt in prompts {
      let (text, found) = try Self.parse(prompt)
      texts.append(text)
      references += found.filter { !references.contains($0) }
    }
    var attachments = Attachments()
    func add(_ path: FilePath, _ weights: (text: Double, image: Double)) throws(FileError) {
      let source = try WeightFile.open(path)
      let adapter = try Adapter(reading: source, settings: AdapterSettings(beside: source))
      attachments.adapters.append((adapter, Float(weights.text), Float(weights.image)))
    }
    let loraNames = try Names("LoRA", loraFolder, "--lora-dir", ["safetensors", "pt", "ckpt", "bin", "sft"])
    for lora in loras { try add(loraNames.path(lora.path), (Double(lora.strength), Double(lora.strength))) }
    for wanted in references where wanted.kind == .lora { try add(loraNames.path(wanted.name), wanted.weights) }

    let names = try Names("textual inversion", embeddingFolder, "--embedding-dir", ["safetensors", "pt", "bin", "sft"])
    let named = try embeddings.map { try names.path($0) }
    for path in named + (names.files?.mentioned(in: texts) ?? []).filter({ !named.contains($0) }) {
      attachments.inversions.append(try TextualInversion(reading: WeightFile.open(path)))
    }

    guard withHypernetworks else { return (texts, attachments) }
    let networks = try Names("hypernetwork", hypernetworkFolder, "--hypernetwork-dir", ["pt", "safetensors"])
    var wanted = try hypernetworks.map { (try networks.path($0.path), $0.strength) }
    for reference in references where reference.kind == .hypernetwork {
      wanted.append((try networks.path(reference.name), Float(reference.weights.image)))
    }
    for (path, strength) in wanted {
      let network = try Hypernetwork(reading: WeightFile.open(path))
      attachments.hypernetworks.append(WeightedHypernetwork(network, strength: strength))
    }
    return (texts, attachments)
  }

  /// `prompt` without what asks for files, and these requests.
  static func parse(_ prompt: String) throws -> (text: String, references: [PromptReference]) {
    do throws(PromptReference.Fault) { return try PromptReference.parse(prompt) } catch {
      throw ValidationError(error.problem)
    }
  }

  /// Names of files, and the folder that they are looked up in, if there is one.
  private struct Names {
    let what: String
    let option: String
    let files: NamedFiles?

    init(_ what: String, _ folder: FilePath?, _ option: String, _ endings: Set<String>) throws(FileError) {
      (self.what, self.option) = (what, option)
      files = try folder.map { folder throws(FileError) in try NamedFiles(what, in: folder, endings: endings) }
    }

    /// The file at `path`, or that of this name in the folder.
    func path(_ path: FilePath) throws -> FilePath { try path.isFile ? path : self.path(path.string, or: path) }

    /// The file of this name in the folder.
    func path(_ name: String, or path: FilePath? = nil) throws -> FilePath {
      if let files { return try files.find(name) }
      if let path {
        throw FileError(.missing, path, "there is no such file", hint: "\(option) says where names are found")
      }
      throw ValidationError("The prompt asks for the \(what) \"\(name)\", but no folder is named: \(option)")
    }
  }
}

/// What files of other programs add to a model.
struct Attachments {
  /// LoRAs, and how much of them for the text encoder and for the UNet.
  var adapters: [(adapter: Adapter, text: Float, image: Float)] = []
  var inversions: [TextualInversion] = []
  var hypernetworks: [WeightedHypernetwork] = []

  var isEmpty: Bool { adapters.isEmpty && inversions.isEmpty && hypernetworks.isEmpty }

  /// Adds LoRAs to `encoder`, which was read from `model`, and teaches it and `tokenizer` the inversions' words. Deltas
  /// come before, since they belong to the encoder as it was.
  func apply(to encoder: inout TextEncoder, _ tokenizer: inout Tokenizer, of model: ModelLocation) throws(FileError) {
    for (adapter, text, _) in adapters { try encoder.add(adapter, weight: text, model: model.path) }
    for inversion in inversions { try inversion.teach(&encoder, &tokenizer) }
  }
}
