import Aesthetic
import ArgumentParser
import Glibc

struct ProfileDelete: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Deletes a profile, its ratings and all that was learned from them.",
    discussion: """
      There is no way back, so it asks first; `aesgrad profile export` keeps a copy.

      Example: aesgrad profile delete warm
      """)

  @Argument(help: "The profile.")
  var name: ProfileName

  @Flag(help: "Do not ask.")
  var force = false

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let store = try store.open()
    let profile = try store.profile(name)
    let ratings = try store.ratingCounts(profile).reduce(0) { $0 + $1.given }
    if !force, !(try isConfirmed("delete the profile \(name) with \(counted(ratings, "rating")) for good?")) {
      return try Console.printLine("nothing was deleted")
    }
    try store.delete(profile)
    if output.json { return try Console.printJSON(["deleted": name.description]) }
    try Console.printLine("deleted the profile \(name) with \(counted(ratings, "rating"))")
  }

  private func isConfirmed(_ question: String) throws -> Bool {
    guard isatty(STDIN_FILENO) == 1, !output.json else {
      throw ValidationError("Nobody is there to be asked: --force deletes without asking")
    }
    Console.writeError(question + " [y/N] ")
    let answer = readLine() ?? ""
    try Interruption.check()
    return ["y", "yes"].contains(answer.lowercased())
  }
}
