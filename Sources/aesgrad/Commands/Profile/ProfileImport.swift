import Aesthetic
import ArgumentParser

struct ProfileImport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Reads a profile from a file that `profile export` has written.",
    discussion: """
      All of it is taken over, or nothing. Makes the database if there is none.

      Example: aesgrad profile import warm.aesgrad --name warm-too
      """)

  @Argument(help: ArgumentHelp("The file.", valueName: "file"))
  var file: PathArgument

  @Option(help: ArgumentHelp("What to call the profile; otherwise as it was called.", valueName: "name"))
  var name: ProfileName?

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let store = try store.open(creating: true)
    let profile = try store.importProfile(from: file.path, as: name)
    let ratings = try store.ratingCounts(profile).reduce(0) { $0 + $1.given }
    if output.json { return try Console.printJSON(["profile": profile.name]) }
    try Console.printLine("made the profile \(profile.name) with \(counted(ratings, "rating"))")
  }
}
