import Aesthetic
import ArgumentParser
import Files

struct Undo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Takes a profile's last rating back.",
    discussion: """
      The rating stays in the history, with the fact that it was taken back; what was said of the picture before counts \
      again. Further calls take back further ratings.

      Example: aesgrad undo --profile warm
      """)

  @OptionGroup var options: ProfileOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let store = try options.store.open()
    let profile = try store.profile(options.profile)
    guard let event = try store.undo(profile, source: "undo") else {
      throw FileError(.missing, store.path, "has no rating of the profile \"\(profile.name)\" to take back")
    }
    let report = RatingReport(event)
    if output.json { return try Console.printJSON(["undone": report]) }
    try Console.printLine("taken back: \(report.text)")
  }
}
