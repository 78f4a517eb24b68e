import Aesthetic
import ArgumentParser
import Files
import Raster

struct ProfileShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Shows what a profile contains.",
    discussion: """
      How many ratings of each kind count and were ever given, what was learned and when, which deltas are kept. --grid \
      paints the rated pictures that are farthest along the aesthetic, and those farthest back.

      Example: aesgrad profile show warm --grid warm.png
      """)

  @Argument(help: "The profile.")
  var name: ProfileName

  @Option(help: ArgumentHelp("Paint the most telling pictures there.", valueName: "file.png"))
  var grid: PathArgument?

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var replacing: ReplaceOptions

  func run() throws {
    if let grid { try OutputFile.checkTarget(grid.path, replacing: replacing.force) }
    let store = try store.open()
    let profile = try store.profile(name)
    if let grid {
      let sheet = try TellingPictures(profile, in: store).sheet(title: profile.name)
      try Interruption.whileWriting { try sheet.writePNG(to: grid.path, replacing: replacing.force) }
    }
    let report = try ProfileReport(profile, in: store)
    if output.json { return try Console.printJSON(report) }
    try Console.printLine(report.text)
  }
}
