import Aesthetic
import ArgumentParser
import Diffusion
import Files
import Raster
import SystemPackage
import TensorKit

struct Grid: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draws one prompt and seed over profiles, strengths and steps, as one labelled picture.",
    discussion: """
      A row for each profile or aesthetic, a column for each strength; the strength 0 is the plain picture. With \
      --aesthetic-steps the text encoder is personalised on the prompt itself, with so many steps: a column for each \
      number of them, a row for each strength. Aesthetics' files have no delta, so for them it is with 20 steps without that option, too.

      Example: aesgrad grid -p "a castle by the sea" --profile warm --profile ink --strengths 0,0.5,1 -m v1-5.safetensors \
      -o grid.png
      """)

  @Option(name: .shortAndLong, help: ArgumentHelp("What the pictures are to show.", valueName: "text"))
  var prompt: String

  @Option(name: .customLong("profile"), help: ArgumentHelp("A profile; there may be several.", valueName: "name"))
  var profiles: [ProfileName] = []

  @Option(
    name: .customLong("aesthetic"), help: ArgumentHelp("An aesthetic's file; there may be several.", valueName: "file"))
  var aesthetics: [PathArgument] = []

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The strengths, with commas between.", valueName: "numbers"))
  var strengths = NumberList([0, 0.5, 1])

  @Option(help: ArgumentHelp("The numbers of steps on the prompt, with commas between.", valueName: "numbers"))
  var aestheticSteps: NumberList?

  @OptionGroup(title: "How") var sampling: SamplingOptions

  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The picture to write.", valueName: "file.png"))
  var out: PathArgument

  @OptionGroup(title: "Files of other programs") var attached: TextAttachmentOptions
  @OptionGroup(title: "Files of other programs, for the UNet") var hypernetworks: HypernetworkOptions

  @OptionGroup var models: ModelOptions
  @OptionGroup var drawing: DrawingOptions
  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var replacing: ReplaceOptions

  func validate() throws {
    if profiles.isEmpty, aesthetics.isEmpty {
      throw ValidationError("Nothing to compare: --profile names a profile, --aesthetic a file")
    }
    if let steps = aestheticSteps?.values.first(where: { $0 < 0 || $0 > 10_000 || $0 != $0.rounded() }) {
      throw ValidationError("--aesthetic-steps \(steps): whole numbers from 0 to 10000 are needed")
    }
    if let strength = strengths.values.first(where: { abs($0) > 100 }) {
      throw ValidationError("--strengths \(strength): numbers from -100 to 100 are needed")
    }
    if out.path.extension != "png" { throw ValidationError("-o \(out.path.printable): the name must end in .png") }
  }

  /// One place of the grid.
  private struct Place: Hashable {
    let source: TasteSettings.Source
    let strength: Float
    /// nil for the stored delta.
    let steps: Int?

    /// Places that show the same picture are equal: without strength or steps there is no taste.
    init(_ source: TasteSettings.Source, strength: Float, steps: Int?) {
      let isPlain = strength == 0 || steps == 0
      self.source = isPlain ? .none : source
      (self.strength, self.steps) = isPlain ? (0, nil) : (strength, steps)
    }
  }

  func run() throws {
    models.applyThreads()
    try OutputFile.checkTarget(out.path, replacing: replacing.force)
    let source = try PictureSource(
      models, drawing, in: profiles.isEmpty ? store.openIfPresent() : store.open())
    var base = source.settings(prompt: prompt)
    try sampling.apply(to: &base)
    attached.apply(to: &base.files)
    hypernetworks.apply(to: &base.files)
    try base.check()
    let strengths = strengths.values
    let steps = aestheticSteps?.values.map { Int($0) }
    let profiles = profiles.map { ($0.description, TasteSettings.Source.profiles([.init(name: $0, weight: 1)])) }
    let files = aesthetics.map { ($0.path.lastComponent?.string ?? "", TasteSettings.Source.file($0.path)) }
    var rows: [(heading: String, places: [Place])] = []
    for (name, source) in profiles + files {
      guard let steps else {
        // A file has no delta.
        let own = if case .file = source { TasteSettings().steps } else { Int?.none }
        rows.append((name, strengths.map { Place(source, strength: Float($0), steps: own) }))
        continue
      }
      for strength in strengths {
        let places = steps.map { Place(source, strength: Float(strength), steps: $0) }
        rows.append(("\(name) \(NumberList.text(strength))", places))
      }
    }
    let places = Array(Set(rows.flatMap(\.places)))
    let seed = base.seed ?? UInt64.random(in: 0..<1 << 32)
    let pictures = try source.drawn(places.map { settings(base, $0) }, seed: seed, quiet: output.quiet)
    let drawn = Dictionary(uniqueKeysWithValues: zip(places, pictures))
    let sheet = ContactSheet(
      title: prompt,
      columnHeadings: steps?.map { counted($0, "step") } ?? strengths.map { "strength \(NumberList.text($0))" },
      rowHeadings: rows.map(\.heading),
      rows: rows.map { row in row.places.map { ContactSheet.Cell(drawn[$0]) } },
      cellSide: min(512, max(192, base.picture.width, base.picture.height)))
    let text = base.text(seed: seed, model: try source.facts(quiet: output.quiet), more: [])
    try Interruption.whileWriting {
      try sheet.drawn().writePNG(
        to: out.path, texts: [PictureText(key: "parameters", value: text.text)], replacing: replacing.force)
    }
    if output.json {
      try Console.printJSON(
        Report(path: out.path.printable, seed: seed, rows: rows.map(\.heading), pictures: pictures.count))
    } else {
      try Console.printLine(out.path.printable)
    }
  }

  private struct Report: Encodable {
    let path: String
    let seed: UInt64
    let rows: [String]
    /// How many different ones there are.
    let pictures: Int
  }

  private func settings(_ base: GenerationSettings, _ place: Place) -> GenerationSettings {
    var settings = base
    settings.taste.source = place.source
    settings.taste.isPerPrompt = place.steps != nil
    settings.taste.steps = place.steps ?? settings.taste.steps
    settings.taste.strength = place.strength
    return settings
  }
}

/// Numbers with commas between.
struct NumberList: ExpressibleByArgument, CustomStringConvertible {
  let values: [Double]

  init(_ values: [Double]) { self.values = values }

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    values = parts.compactMap { Double($0.filter { !$0.isWhitespace }) }.filter(\.isFinite)
    guard !values.isEmpty, values.count == parts.count else { return nil }
  }

  var description: String { values.map(Self.text).joined(separator: ",") }

  /// A number without a point where it is whole.
  static func text(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e9 ? "\(Int(number))" : "\(number)"
  }
}
