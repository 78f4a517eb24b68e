import Aesthetic
import ArgumentParser

struct ProfileRename: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rename",
    abstract: "Gives a profile another name.",
    discussion: "Example: aesgrad profile rename warm evening")

  @Argument(help: "The profile.")
  var name: ProfileName

  @Argument(help: "What to call it.")
  var newName: ProfileName

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let store = try store.open()
    try store.rename(store.profile(name), to: newName)
    if output.json { return try Console.printJSON(["profile": newName.description]) }
    try Console.printLine("the profile \(name) is now called \(newName)")
  }
}
