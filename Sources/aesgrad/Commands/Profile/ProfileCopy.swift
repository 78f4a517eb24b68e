import Aesthetic
import ArgumentParser

struct ProfileCopy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "copy",
    abstract: "Makes a profile with all that another one has.",
    discussion: """
      The history is copied too: from then on both go their own ways.

      Example: aesgrad profile copy warm warm-but-darker
      """)

  @Argument(help: "The profile.")
  var name: ProfileName

  @Argument(help: "What to call the copy.")
  var newName: ProfileName

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let store = try store.open()
    try store.copy(store.profile(name), as: newName)
    if output.json { return try Console.printJSON(["profile": newName.description]) }
    try Console.printLine("made the profile \(newName), a copy of \(name)")
  }
}
