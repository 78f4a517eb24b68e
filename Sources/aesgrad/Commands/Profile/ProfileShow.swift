import Aesthetic
import ArgumentParser

struct ProfileShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Shows what a profile contains.",
    discussion: """
      How many ratings of each kind count and were ever given, what was learned and when, which deltas are kept.

      Example: aesgrad profile show warm
      """)

  @Argument(help: "The profile.")
  var name: ProfileName

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let store = try store.open()
    let report = try ProfileReport(store.profile(name), in: store)
    if output.json { return try Console.printJSON(report) }
    try Console.printLine(report.text)
  }
}
