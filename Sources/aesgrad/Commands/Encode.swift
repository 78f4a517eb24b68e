import ArgumentParser
import CLIPKit
import Files
import TensorKit

struct Encode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turns a text into the conditioning that Stable Diffusion is given.",
    discussion: """
      Writes a safetensors file with "conditioning" [77, width], and with a CLIP model "text_feature" [features], which \
      is the text in the space of the pictures.
      """)

  @Argument(help: "The text.")
  var text: String

  @OptionGroup var models: ModelOptions

  @Option(help: ArgumentHelp("Take the last layer's output (1), the last but one's (2), and so on.", valueName: "n"))
  var clipSkip = 1

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
  }

  func run() throws {
    models.applyThreads()
    try OutputFile.checkTarget(out.path, replacing: replacing.force)
    let setup = try TextSetup(models, clipSkip: clipSkip, needsProjection: false)
    let ids = setup.ids(text, quiet: output.quiet)
    let (encoder, length) = (setup.encoder, setup.length)
    let conditioning = encoder.conditioning([ids], clipSkip: clipSkip).reshaped([length, encoder.configuration.width])
    var entries = [WeightEntry("conditioning", conditioning)]
    if let projection = setup.projection {
      let feature = projection(encoder.pooled([ids]))
      entries.append(WeightEntry("text_feature", feature.reshaped([feature.count])))
    }
    let metadata: [ByteString: ByteString] = [
      "kind": "conditioning", "text": ByteString(text), "clip_skip": "\(clipSkip)",
      "model": ByteString(setup.model.name),
    ]
    try Interruption.whileWriting {
      try SafetensorsWriter.write(entries, metadata: metadata, to: out.path, replacing: replacing.force)
    }
    if output.json {
      try Console.printJSON(
        Report(
          text: text, tokens: min(setup.tokenizer.ids(for: text).count, length - 2), shape: conditioning.shape,
          textFeature: setup.projection != nil,
          out: out.path.printable))
    } else {
      try Console.printLine("\(out.path.printable): conditioning \(conditioning.shape)")
    }
  }
}
