import Aesthetic
import ArgumentParser
import CLIPKit
import Files
import SystemPackage
import TensorKit

struct Personalize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Moves the text encoder towards an aesthetic, and encodes a prompt with it.",
    discussion: """
      A few steps of Adam on the weights of the text encoder bring what it says of the prompt closer to the aesthetic \
      (Gallego 2022, arXiv 2209.12330). Writes "conditioning" [tokens, width] of the first prompt.
      """)

  @OptionGroup var personalization: PersonalizationOptions

  @Option(help: ArgumentHelp("The aesthetic, as `aesgrad embed` or the A1111 extension writes it.", valueName: "file"))
  var aesthetic: PathArgument

  @OptionGroup var models: ModelOptions

  @Option(help: ArgumentHelp("Take the last layer's output (1), the last but one's (2), and so on.", valueName: "n"))
  var clipSkip = 1

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Write the conditioning there.", valueName: "file.safetensors"))
  var out: PathArgument?

  @OptionGroup var output: OutputOptions
  @OptionGroup var replacing: ReplaceOptions

  private struct Report: Encodable {
    let similarity: [Float]
    let seconds: Double
    let mode: String
  }

  func validate() throws {
    if clipSkip < 1 { throw ValidationError("--clip-skip \(clipSkip): at least 1 is needed") }
  }

  func run() throws {
    models.applyThreads()
    if let out { try OutputFile.checkTarget(out.path, replacing: replacing.force) }
    let prompts = try personalization.allPrompts()
    let text = try TextSide(models)
    let width = text.projection.weight.shape[0]
    let aesthetic = try Aesthetic(reading: WeightFile.open(aesthetic.path), width: width)
    var encoder = try text.encoder()
    let layers = encoder.configuration.layerCount
    guard clipSkip <= layers else {
      throw ValidationError("--clip-skip \(clipSkip): the text encoder has \(layers) layers")
    }
    let chunks = try text.chunks(of: prompts, encoder.configuration)
    let clock = ContinuousClock()
    let start = clock.now
    let similarities = try personalize(&encoder, text.projection, aesthetic.direction, prompts, chunks)
    let seconds = (clock.now - start).seconds
    let isEmpty = prompts[0].isEmpty
    let encoderUsed = isEmpty ? try text.encoder() : encoder
    if let out = out?.path {
      let conditioning = TextSide.conditioning(encoderUsed, chunks[0], clipSkip: clipSkip)
      try Interruption.whileWriting {
        try SafetensorsWriter.write(
          [WeightEntry("conditioning", conditioning)], metadata: metadata(prompts[0], text.model), to: out,
          replacing: replacing.force)
      }
    }
    try report(similarities, seconds)
  }

  /// Takes the steps on all prompts but empty ones, which the published code leaves alone too: they are mostly there to
  /// stand for no prompt at all.
  private func personalize(
    _ encoder: inout TextEncoder, _ projection: TextProjection, _ target: Tensor, _ prompts: [String],
    _ chunks: [[[Int]]]
  ) throws -> [Float] {
    let texts = zip(prompts, chunks).filter { !$0.0.isEmpty }.flatMap(\.1)
    if prompts.contains(""), !output.quiet {
      Console.note("note: an empty prompt is not personalised; it is encoded as it is")
    }
    let steps = texts.isEmpty ? 0 : personalization.steps
    let personalizer = Personalizer(
      projection: projection, target: target, steps: steps, learningRate: personalization.learningRate,
      sufficientSimilarity: personalization.until)
    var isFirst = true
    return try Progress.over(steps, "steps", quiet: output.quiet) { progress in
      try personalizer(&encoder, texts: texts.isEmpty ? chunks.flatMap(\.self) : texts) { _ in
        try Interruption.check()
        if !isFirst { progress.advance() }
        isFirst = false
      }
    }
  }

  private func metadata(_ prompt: String, _ model: ModelLocation) -> [ByteString: ByteString] {
    [
      "kind": "conditioning", "text": ByteString(prompt), "clip_skip": "\(clipSkip)", "model": ByteString(model.name),
      "aesthetic": ByteString(aesthetic.path.printable), "steps": "\(personalization.steps)",
      "learning_rate": "\(personalization.learningRate)", "mode": "exact",
    ]
  }

  private func report(_ similarities: [Float], _ seconds: Double) throws {
    if output.json {
      return try Console.printJSON(Report(similarity: similarities, seconds: seconds, mode: "exact"))
    }
    let steps = similarities.count - 1
    let (first, last) = (similarities[0], similarities[steps])
    func rounded(_ value: Float) -> Float { (value * 1e4).rounded() / 1e4 }
    try Console.printLine(
      "similarity \(rounded(first)) \(sparkline(similarities)) \(rounded(last)), \(steps) step\(steps == 1 ? "" : "s") in "
        + "\((seconds * 10).rounded() / 10) s")
  }
}
