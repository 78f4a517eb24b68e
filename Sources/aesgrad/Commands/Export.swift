import Aesthetic
import ArgumentParser
import Files
import TensorKit

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes what was learned as a file for other programs.",
    discussion: """
      lora: a LoRA of the text encoder, for every program that reads LoRAs. lycoris: the delta as it is. text-encoder: the \
      whole text encoder with the delta, as a folder for transformers and diffusers, or as one file if the name ends in \
      .safetensors, for ComfyUI. embedding-pt, embedding: the aesthetic, for the aesthetic gradients extension of \
      AUTOMATIC1111's web interface or as safetensors. conditioning: what diffusers takes in place of a prompt. All but \
      the aesthetic need a delta, which `aesgrad learn` makes.

      Example: aesgrad export warm --as lora -o warm.safetensors
      """)

  @Argument(help: "The profile.")
  var name: ProfileName

  @Option(name: .customLong("as"), help: "The form.")
  var form: ExportForm

  @Option(name: .shortAndLong, help: ArgumentHelp("The prompt of --as conditioning.", valueName: "text"))
  var prompt: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The rank of a LoRA where the delta has none of its own; otherwise 16.", valueName: "count"))
  var rank: Int?

  @Flag(help: "Store numbers in half precision, as most such files do.")
  var half = false

  @OptionGroup var models: ModelOptions
  @OptionGroup var store: StoreOptions

  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The file or folder to write.", valueName: "path"))
  var out: PathArgument

  @OptionGroup var output: OutputOptions
  @OptionGroup var replacing: ReplaceOptions

  func validate() throws {
    if let rank {
      if rank < 1 { throw ValidationError("--rank \(rank): 1 or more are needed") }
      if form != .lora { throw ValidationError("--rank \(rank): only --as lora has factors") }
    }
    if form == .conditioning, prompt == nil { throw ValidationError("--as conditioning needs a prompt: -p") }
    if form != .conditioning, prompt != nil { throw ValidationError("-p: only --as conditioning has a prompt") }
    if half, form == .embedding || form == .embeddingPT {
      throw ValidationError("--half: an aesthetic is stored as it is")
    }
  }

  func run() throws {
    models.applyThreads()
    let path = out.path
    if form != .textEncoder { try OutputFile.checkTarget(path, replacing: replacing.force) }
    let store = try store.open()
    if form.needsModel, try models.usualModel() == nil {
      throw ValidationError("No model is named: -m names one, or $AESGRAD_MODEL")
    }
    let exporter = ProfileExporter(
      profile: try store.profile(name), store: store, models: models, out: path, replacing: replacing.force,
      type: half ? .float16 : .float32)
    let result =
      switch form {
      case .lora: try exporter.network(rank: rank ?? 16)
      case .lycoris: try exporter.network(rank: nil)
      case .textEncoder: try exporter.textEncoder()
      case .embeddingPT: try exporter.embedding(asTorch: true)
      case .embedding: try exporter.embedding(asTorch: false)
      case .conditioning: try exporter.conditioning(of: prompt ?? "")
      }
    let report = Report(
      profile: name.description, version: result.version, form: form.rawValue, model: result.model,
      tensors: result.tensors, rank: result.rank, leftOut: result.leftOut, out: path.printable)
    if output.json { try Console.printJSON(report) } else { try Console.printLine(report.text) }
  }

  private struct Report: Encodable {
    let profile: String
    let version: Int
    let form: String
    /// The text encoder that the delta belongs to.
    let model: String?
    let tensors: Int
    let rank: Int?
    /// How many changed parameters the form has no place for.
    let leftOut: Int
    let out: String

    var text: String {
      let rank = rank.map { " of rank \($0)" } ?? ""
      let model = model.map { " for \($0)" } ?? ""
      let rest =
        leftOut == 0
        ? "" : "; \(counted(leftOut, "changed tensor")) left out, which --as text-encoder would keep"
      return "\(out): version \(version) of \(profile) as \(form)\(rank)\(model), \(counted(tensors, "tensor"))\(rest)"
    }
  }
}
