import Aesthetic
import ArgumentParser

struct ProfileHistory: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Lists all that was ever rated, and taken back.",
    discussion: """
      Ratings that count no longer, having been taken back or replaced by later ones, are marked with a minus.

      Example: aesgrad profile history warm --last 20
      """)

  @Argument(help: "The profile.")
  var name: ProfileName

  @Option(parsing: .unconditional, help: ArgumentHelp("Only so many of the latest.", valueName: "count"))
  var last: Int?

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let last, last < 1 { throw ValidationError("--last \(last): at least 1 is needed") }
  }

  func run() throws {
    let store = try store.open()
    let events = try store.history(store.profile(name), limit: last ?? .max).map(RatingReport.init)
    if output.json { return try Console.printJSON(["history": events]) }
    guard !events.isEmpty else { return try Console.printLine("no ratings yet") }
    try Console.printLine(
      table(events.map { [$0.counts || $0.kind == "undo" ? "" : "-", "\($0.number)", $0.time, $0.text] }))
  }
}
