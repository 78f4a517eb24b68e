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

      Example: aesgrad personalize -p "a castle by the sea" --aesthetic mine.pt -m v1-5.safetensors -o castle.safetensors
      """)

  @OptionGroup var personalization: PersonalizationOptions

  @Option(help: ArgumentHelp("The aesthetic, as `aesgrad embed` or the A1111 extension writes it.", valueName: "file"))
  var aesthetic: PathArgument?

  @Option(help: ArgumentHelp("The profile whose latest aesthetic is used instead of a file's.", valueName: "name"))
  var profile: ProfileName?

  @OptionGroup var store: StoreOptions
  @OptionGroup var models: ModelOptions

  @Option(help: ArgumentHelp("Take the last layer's output (1), the last but one's (2), and so on.", valueName: "n"))
  var clipSkip = 1

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Write the conditioning there.", valueName: "file.safetensors"))
  var out: PathArgument?

  @Option(help: ArgumentHelp("Write what has been added to the weights there.", valueName: "file.safetensors"))
  var delta: PathArgument?

  @OptionGroup(title: "How much, and which way") var blending: BlendingOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var replacing: ReplaceOptions

  func validate() throws {
    try personalization.checkRank(assuming: .exact)
    if personalization.isEmpty { throw ValidationError("No prompt is given: -p gives one, --prompts a file") }
    guard (aesthetic == nil) != (profile == nil) else {
      throw ValidationError("One of --aesthetic and --profile is needed")
    }
    if clipSkip < 1 { throw ValidationError("--clip-skip \(clipSkip): at least 1 is needed") }
    if let out, out.path == delta?.path { throw ValidationError("-o and --delta name the same file") }
  }

  /// As published, unless something else is asked for.
  private var mode: PersonalizationOptions.Mode { personalization.mode ?? .exact }

  func run() throws {
    models.applyThreads()
    for target in [out, delta] { try target.map { try OutputFile.checkTarget($0.path, replacing: replacing.force) } }
    let prompts = try personalization.allPrompts()
    let text = try TextSide(models)
    let features = text.projection.weight.shape[0]
    let (aesthetic, source) = try aesthetic(width: features)
    var work = try Personalization(text, personalization, prompts)
    try check(work)
    let target = try target(text.target(aesthetic), work)
    let base = delta == nil ? "" : work.encoder.fingerprint
    // An empty prompt is left alone, even where others are not.
    let weight = prompts[0].isEmpty ? 0 : blending.weight
    let plain = weight == 1 || out == nil ? nil : work.conditioning(clipSkip: clipSkip)
    let clock = ContinuousClock()
    let start = clock.now
    try work.run(towards: target, quiet: output.quiet)
    let seconds = (clock.now - start).seconds
    if let out = out?.path {
      var conditioning = work.conditioning(clipSkip: clipSkip)
      if let plain { conditioning = blended(plain, conditioning, weight: weight, blending.blending) }
      try Interruption.whileWriting {
        try SafetensorsWriter.write(
          [WeightEntry("conditioning", conditioning)],
          metadata: metadata(prompts[0], source, text.model, work.learningRate),
          to: out, replacing: replacing.force)
      }
    }
    if let path = delta?.path {
      let delta = try work.delta(base: base)
      try Interruption.whileWriting {
        try delta.write(to: path, replacing: replacing.force) { try Interruption.check() }
      }
    }
    try SimilarityReport(similarity: work.similarities, seconds: seconds, mode: mode.rawValue)
      .print(output)
  }

  /// Throws for what only the model and the prompts tell to be impossible, and says what is unusual.
  private func check(_ work: Personalization) throws {
    let layers = work.encoder.configuration.layerCount
    guard clipSkip <= layers else {
      throw ValidationError("--clip-skip \(clipSkip): the text encoder has \(layers) layers")
    }
    if work.isIdle, delta != nil { throw ValidationError("--delta: an empty prompt changes nothing, so there is none") }
    if work.prompts.contains(""), !output.quiet {
      Console.note("note: an empty prompt is not personalised; it is encoded as it is")
    }
  }

  /// The aesthetic of the file or the profile, which must have this `width`, and what to call it.
  private func aesthetic(width: Int) throws -> (Aesthetic, source: String) {
    if let path = aesthetic?.path {
      return (try Aesthetic(reading: WeightFile.open(path), width: width), path.printable)
    }
    guard let profile else { throw ValidationError("One of --aesthetic and --profile is needed") }
    let store = try store.open()
    // A text encoder that brings its projection needs no CLIP model beside it; then only the width tells whether it fits.
    let clip = try? models.clipModel()
    let image = try clip.map { try ImageModel($0).stored }
    let version = try store.latestVersion(store.profile(profile), by: image)
    guard version.aesthetic.width == width else {
      throw FileError(
        .malformed, store.path,
        "has the profile \"\(profile)\" learned with an image encoder of \(version.aesthetic.width) features; "
          + "\(width) were expected")
    }
    return (version.aesthetic, "profile \(profile), version \(version.version)")
  }

  /// The aesthetic, turned with the text where there is one.
  private func target(_ aesthetic: Tensor, _ work: Personalization) throws -> Tensor {
    guard let words = blending.aestheticText else { return aesthetic }
    let feature = try work.feature(of: words)
    guard let turned = blending.rotation(aesthetic, text: feature) else {
      throw ValidationError("--aesthetic-text: there is no way to turn the aesthetic with this text")
    }
    return turned
  }

  private func metadata(
    _ prompt: String, _ source: String, _ model: ModelLocation, _ learningRate: Double
  ) -> [ByteString: ByteString] {
    [
      "kind": "conditioning", "text": ByteString(prompt), "clip_skip": "\(clipSkip)", "model": ByteString(model.name),
      "aesthetic": ByteString(source), "steps": "\(personalization.steps)",
      "learning_rate": "\(learningRate)", "mode": ByteString(mode.rawValue),
      "weight": "\(blending.weight)",
    ]
  }
}
