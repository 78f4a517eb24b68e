import Aesthetic
import ArgumentParser

struct ProfileCreate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Makes a profile, and the database if there is none.",
    discussion: "Example: aesgrad profile create warm --notes \"lamps, wood, evening light\"")

  @Argument(help: "What to call it.")
  var name: ProfileName

  @Option(help: ArgumentHelp("What there is to say about it.", valueName: "text"))
  var notes = ""

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let profile = try store.open(creating: true).createProfile(name, notes: notes)
    if output.json { return try Console.printJSON(["profile": profile.name]) }
    try Console.printLine("made the profile \(profile.name)")
  }
}
