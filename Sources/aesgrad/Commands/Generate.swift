import Aesthetic
import ArgumentParser
import CLIPKit
import Diffusion
import Files
import Raster
import Remote
import SystemPackage
import TensorKit

struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes pictures of a prompt with Stable Diffusion 1.x.",
    discussion: """
      Writes PNG files that carry their settings, as AUTOMATIC1111 writes them; --like makes such a picture again. Prompts \
      are written as there: (x), [x] and (x:1.3) for emphasis, BREAK, [from:to:when] and [a|b] for what changes from step \
      to step, AND between prompts that are to be met together, each with a weight behind a colon if it has one. A profile \
      moves the prompt towards its taste; the negative prompt stays as it is.

      Example: aesgrad generate -p "a castle by the sea" --profile warm -m v1-5.safetensors --seed 42 -b 4 -o pictures
      """)

  @Option(name: .shortAndLong, help: ArgumentHelp("What the picture is to show.", valueName: "text"))
  var prompt: String?

  @Option(help: ArgumentHelp("A text file with a prompt on each line, all with the same seeds.", valueName: "file"))
  var fromFile: PathArgument?

  @Option(help: ArgumentHelp("Make this picture again, but for what is said otherwise.", valueName: "file.png"))
  var like: PathArgument?

  @OptionGroup(title: "How") var sampling: SamplingOptions
  @OptionGroup(title: "Whose taste") var taste: TasteOptions
  @OptionGroup(title: "From what") var original: OriginalOptions

  @Option(
    name: [.customShort("b"), .long], parsing: .unconditional,
    help: ArgumentHelp("How many pictures; each has a seed one higher than the last.", valueName: "count"))
  var count = 1

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("For each, make so many and keep the one that the taste ranks highest.", valueName: "count"))
  var bestOf = 1

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The folder for the pictures; otherwise this one.", valueName: "folder"))
  var out: PathArgument?

  @Flag(help: "Write all pictures side by side, too.")
  var grid = false

  @Option(help: ArgumentHelp("Show the picture that is being made in this file.", valueName: "file.png"))
  var preview: PathArgument?

  @OptionGroup(title: "Files of other programs") var attached: TextAttachmentOptions
  @OptionGroup(title: "Files of other programs, for the UNet") var hypernetworks: HypernetworkOptions

  @OptionGroup(title: "Who draws") var remote: RemoteOptions
  @OptionGroup var models: ModelOptions
  @OptionGroup var drawing: DrawingOptions
  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    for (name, value) in [("count", count), ("best-of", bestOf)] where !(1...100_000).contains(value) {
      throw ValidationError("--\(name) \(value): a number from 1 to 100000 is needed")
    }
    if prompt != nil, fromFile != nil { throw ValidationError("-p and --from-file exclude each other") }
    if prompt == nil, fromFile == nil, like == nil {
      throw ValidationError("No prompt is given: -p gives one, --from-file several, --like a picture's")
    }
    if original.outpaint != nil, sampling.width != nil || sampling.height != nil {
      throw ValidationError("--outpaint gives the size, so there is no -W or -H")
    }
    if let preview, preview.path.extension != "png" {
      throw ValidationError("--preview \(preview.path.printable): the name must end in .png")
    }
  }

  func run() throws {
    models.applyThreads()
    let text = try like.map { like throws(FileError) in try GenerationText(ofPicture: like.path) }
    var drawing = drawing
    if text?.value(PictureSource.lowMemory) == "True" { drawing.lowMemory = true }
    // A server's model is not known here.
    let source = try remote.backend == nil ? PictureSource(models, drawing) : nil
    let usual = source?.settings() ?? GenerationSettings()
    var base = usual
    if let text, let like { base = try GenerationSettings(text, of: like.path, usual: usual) }
    try sampling.apply(to: &base)
    attached.apply(to: &base.files)
    hypernetworks.apply(to: &base.files)
    try taste.apply(to: &base, usualRate: usual.taste.learningRate)
    try original.apply(to: &base)
    let hasSize = sampling.width != nil || sampling.height != nil || text?.value("Size") != nil
    var prepared: PreparedOriginal?
    if let original = base.original { prepared = try PreparedOriginal(original, &base.picture, hasSize: hasSize) }
    let prompts =
      try fromFile.map { file throws(FileError) in try PromptFile.read(file.path) } ?? [prompt ?? base.prompt]
    let wanted = prompts.map { prompt in
      var settings = base
      settings.prompt = prompt
      return settings
    }
    for settings in wanted { try settings.check() }
    if let server = try remote.server() { return try draw(wanted, by: server) }
    // Only where a server draws there is none.
    guard var source else { return }
    if bestOf > 1, base.taste.source == .none {
      throw ValidationError("--best-of \(bestOf): only a --profile or an --aesthetic can rank pictures")
    }
    source.store = try openStore(base)
    try draw(wanted, by: source, from: prepared, like: text)
  }

  /// The database: needed for profiles, else used if it is there.
  private func openStore(_ settings: GenerationSettings) throws(FileError) -> Store? {
    if case .profiles = settings.taste.source { return try store.open() }
    return try store.openIfPresent()
  }

  /// Has a server make the pictures of all prompts.
  private func draw(_ wanted: [GenerationSettings], by server: RemoteServer) throws {
    for (option, isGiven) in [
      ("--best-of", bestOf > 1), ("--preview", preview != nil), ("--vae", drawing.vae != nil),
      ("--low-memory", drawing.lowMemory),
    ] where isGiven {
      throw ValidationError("\(option) and --backend exclude each other: the server draws")
    }
    let run = RemoteRun(
      server: server, store: try openStore(wanted[0]), folder: try PictureFolder(out?.path ?? "."), count: count,
      output: output)
    let clock = ContinuousClock()
    let start = clock.now
    let seed = wanted[0].seed ?? UInt64.random(in: 0..<1 << 32)
    let made = try wanted.flatMap { try run($0, seed: seed) }
    let sheet = try grid ? PictureRun.writeGrid(of: made, wanted[0].prompt, to: run.folder, quiet: output.json) : nil
    try report(made, grid: sheet, seconds: (clock.now - start).seconds, steps: wanted[0].picture.steps)
  }

  /// Makes the pictures of all prompts.
  private func draw(
    _ wanted: [GenerationSettings], by source: PictureSource, from original: PreparedOriginal?,
    like text: GenerationText?
  ) throws {
    let run = PictureRun(
      source, from: original, to: try PictureFolder(out?.path ?? "."), count: count, bestOf: bestOf, output)
    if let text { noteDifferences(try run.facts(), text) }
    let (guidances, attachments) = try source.guidances(wanted, quiet: output.quiet)
    let clock = ContinuousClock()
    let start = clock.now
    let model = try source.model(for: wanted[0].picture, guidances[0].guidance, attachments)
    let judge =
      try bestOf == 1
      ? nil
      : guidances[0].steering.map { steering in
        try PictureJudge(
          steering, by: ImageModel(models.clipModel()), in: source.store, quiet: output.quiet)
      }
    let preview = preview.map { PreviewFile($0.path, of: model) }
    var made: [PictureRun.Made] = []
    let seed = wanted[0].seed ?? UInt64.random(in: 0..<1 << 32)
    for (settings, (guidance, steering)) in zip(wanted, guidances) {
      made += try run(settings, seed: seed, guidance, steering, model, judge, preview)
    }
    let sheet = try grid ? PictureRun.writeGrid(of: made, wanted[0].prompt, to: run.folder, quiet: output.json) : nil
    try report(made, grid: sheet, seconds: (clock.now - start).seconds, steps: wanted[0].picture.steps)
  }

  private func report(_ made: [PictureRun.Made], grid: FilePath?, seconds: Double, steps: Int) throws {
    guard output.json else { return }
    try Console.printJSON(
      Report(pictures: made.map(\.report), grid: grid?.printable, seconds: seconds, steps: steps))
  }

  private struct Report: Encodable {
    let pictures: [PictureRun.Made.Report]
    let grid: String?
    let seconds: Double
    let steps: Int
  }

  /// Says where the model or VAE is another than the picture's.
  private func noteDifferences(_ facts: [GenerationText.Setting], _ text: GenerationText) {
    guard !output.quiet else { return }
    for name in ["Model hash", "VAE hash"] {
      let (found, wanted) = (facts.first { $0.name == name }?.value, text.value(name))
      // Other programs may not say it; of a VAE that is not named, that is to say it was the model's.
      guard found != wanted, wanted != nil || name == "VAE hash" else { continue }
      Console.note(
        "note: the picture was made with another \(name == "VAE hash" ? "VAE" : "model") "
          + "(\(ByteString(wanted ?? "none")), here \(found ?? "none")), so it cannot come out the same")
    }
  }
}
