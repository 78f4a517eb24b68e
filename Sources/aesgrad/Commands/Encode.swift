import ArgumentParser
import CLIPKit
import Files
import TensorKit

struct Encode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turns a text into the conditioning that Stable Diffusion is given.",
    discussion: """
      Writes a safetensors file with "conditioning" [77, width], and with a CLIP model "text_feature" [features], which \
      is the text in the space of the pictures. A text of more than 75 tokens gives 154 rows, 231, and so on; its feature \
      is that of the first 75. Emphasis is written as in AUTOMATIC1111: (x), [x], (x:1.3); a backslash takes a bracket \
      literally, and BREAK begins new rows.

      Example: aesgrad encode "a castle by the sea" -m v1-5.safetensors -o castle.safetensors
      """)

  @Argument(help: "The text.")
  var text: String

  @OptionGroup var models: ModelOptions

  @Option(help: ArgumentHelp("Take the last layer's output (1), the last but one's (2), and so on.", valueName: "n"))
  var clipSkip = 1

  @Option(
    help: ArgumentHelp(
      "Add what `aesgrad personalize --delta` has kept, with a strength other than 1 behind a colon.",
      valueName: "file[:strength]"))
  var delta: DeltaArgument?

  @Option(
    help: ArgumentHelp(
      "Add the latest delta of this profile instead, likewise.", valueName: "name[:strength]"))
  var profile: WeightedProfile?

  @OptionGroup var store: StoreOptions
  @OptionGroup(title: "Files of other programs") var attached: TextAttachmentOptions

  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file.safetensors"))
  var out: PathArgument

  @OptionGroup var output: OutputOptions
  @OptionGroup var replacing: ReplaceOptions

  private struct Report: Encodable {
    let text: String
    let tokens: Int
    let shape: [Int]
    let textFeature: Bool
    let out: String
  }

  func validate() throws {
    if clipSkip < 1 { throw ValidationError("--clip-skip \(clipSkip): at least 1 is needed") }
    if delta != nil, profile != nil { throw ValidationError("--delta and --profile exclude each other") }
  }

  func run() throws {
    models.applyThreads()
    try OutputFile.checkTarget(out.path, replacing: replacing.force)
    let clip = try models.namedCLIP()
    guard let model = try models.usualModel() ?? clip else {
      throw ValidationError("No model is named: -m names one, or $AESGRAD_MODEL")
    }
    var files = AttachmentSettings()
    attached.apply(to: &files)
    let (texts, attachments) = try files.open([text])
    var tokenizer = try models.tokenizer()
    var encoder = try TextEncoder(model)
    try delta?.apply(to: &encoder, of: model)
    try profile?.apply(to: &encoder, of: model, in: store)
    try attachments.apply(to: &encoder, &tokenizer, of: model)
    let projection = try clip.map { try TextProjection($0, fitting: model) }
    let layers = encoder.configuration.layerCount
    guard clipSkip <= layers else {
      throw ValidationError("--clip-skip \(clipSkip): the text encoder has \(layers) layers")
    }
    let chunks = try tokenizer.chunks(ofPrompt: texts[0], for: encoder.configuration, of: model)
    let conditioning = encoder.conditioning(chunks, clipSkip: clipSkip)  // [chunks · 77, width]
    var entries = [WeightEntry("conditioning", conditioning)]
    if let projection {
      let feature = projection(encoder.pooled([chunks[0].ids]))
      entries.append(WeightEntry("text_feature", feature.reshaped([feature.count])))
    }
    let metadata: [ByteString: ByteString] = [
      "kind": "conditioning", "text": ByteString(text), "clip_skip": "\(clipSkip)", "model": ByteString(model.name),
    ]
    try Interruption.whileWriting {
      try SafetensorsWriter.write(entries, metadata: metadata, to: out.path, replacing: replacing.force)
    }
    if output.json {
      try Console.printJSON(
        Report(
          text: text, tokens: chunks.reduce(0) { $0 + $1.promptCount }, shape: conditioning.shape,
          textFeature: projection != nil,
          out: out.path.printable))
    } else {
      try Console.printLine("\(out.path.printable): conditioning \(conditioning.shape)")
    }
  }
}
