import Aesthetic
import ArgumentParser
import CLIPKit
import Files
import SystemPackage
import TensorKit

struct Personalize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Moves the text encoder towards an aesthetic, and gives the conditioning that comes of it.",
    discussion: """
      Some steps of Adam on all weights of the model's text encoder turn the prompt's feature towards the aesthetic, as \
      in the paper's code. The similarity (cosine) is reported before the first and after every step.
      """)

  @Option(
    name: [.short, .long], parsing: .singleValue,
    help: ArgumentHelp("The prompt; given several times, one encoder is made for all.", valueName: "text"))
  var prompt: [String]

  @Option(help: ArgumentHelp("The aesthetic: .safetensors or .pt.", valueName: "file"))
  var aesthetic: PathArgument

  @OptionGroup var models: ModelOptions

  @Option(help: ArgumentHelp("The number of steps.", valueName: "n"))
  var steps = 20

  @Option(help: ArgumentHelp("The learning rate.", valueName: "rate"))
  var lr = 1e-4

  @Option(help: ArgumentHelp("Stop once the similarity has reached this.", valueName: "similarity"))
  var until: Float?

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
    let mode = "exact"
  }

  func validate() throws {
    if prompt.isEmpty { throw ValidationError("Missing expected argument '--prompt <text>'") }
    if prompt.contains("") {
      throw ValidationError(
        "--prompt: the empty prompt is never personalised; the plain encoder gives its conditioning")
    }
    if steps < 0 { throw ValidationError("--steps \(steps): at least 0 is needed") }
    if !(lr > 0 && lr.isFinite) { throw ValidationError("--lr \(lr): a number above 0 is needed") }
    if let until, !(-1...1).contains(until) { throw ValidationError("--until \(until): a similarity is -1 to 1") }
    if clipSkip < 1 { throw ValidationError("--clip-skip \(clipSkip): at least 1 is needed") }
  }

  func run() throws {
    models.applyThreads()
    if let out { try OutputFile.checkTarget(out.path, replacing: replacing.force) }
    let setup = try TextSetup(models, clipSkip: clipSkip, needsProjection: true)
    guard let projection = setup.projection else { return }
    let width = projection.weight.shape[0]
    let aesthetic = try Aesthetic(reading: WeightFile.open(aesthetic.path), width: width)
    let texts = prompt.map { setup.ids($0, quiet: output.quiet) }
    let personalizer = Personalizer(
      projection: projection, target: aesthetic.direction, steps: steps, learningRate: lr,
      sufficientSimilarity: until)
    var encoder = setup.encoder
    var similarity: [Float] = []
    let seconds = try ContinuousClock().measure {
      similarity = try Progress.over(steps, "steps", quiet: output.quiet) { progress in
        try personalizer(&encoder, texts: texts) { value in
          try Interruption.check()
          guard value.isFinite else {
            throw FileError(
              .malformed, setup.model.path, "gives numbers that are not finite, so its weights are broken")
          }
          similarity.append(value)
          if similarity.count > 1 { progress.advance() }
        }
      }
    }.seconds
    try write(texts, encoder, setup, similarity)
    if output.json { return try Console.printJSON(Report(similarity: similarity, seconds: seconds)) }
    let (first, last) = (rounded(similarity.first ?? 0, 4), rounded(similarity.last ?? 0, 4))
    try Console.printLine(
      "similarity \(first) \(sparkline(similarity)) \(last), \(similarity.count - 1) steps in "
        + "\(rounded(seconds, 2)) s")
  }

  private func write(_ texts: [[Int]], _ encoder: TextEncoder, _ setup: TextSetup, _ similarity: [Float]) throws {
    guard let out = out?.path else { return }
    let conditioning = encoder.conditioning(texts, clipSkip: clipSkip)  // [n, T, width]
    let entry = WeightEntry(
      "conditioning", texts.count == 1 ? conditioning.reshaped(Array(conditioning.shape.dropFirst())) : conditioning)
    let metadata: [ByteString: ByteString] = [
      "kind": "conditioning", "text": ByteString(prompt.joined(separator: "\n")), "clip_skip": "\(clipSkip)",
      "model": ByteString(setup.model.name), "aesthetic": ByteString(aesthetic.path.lastComponent?.string ?? ""),
      "steps": "\(similarity.count - 1)", "learning_rate": "\(lr)", "mode": "exact",
    ]
    try Interruption.whileWriting {
      try SafetensorsWriter.write([entry], metadata: metadata, to: out, replacing: replacing.force)
    }
  }
}
