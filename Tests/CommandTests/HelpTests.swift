import Foundation
import Testing

@Suite("Help")
struct HelpTests {
  // After a change of the help: COLUMNS=80 aesgrad embed --help > Tests/CommandTests/Fixtures/help/embed.txt
  @Test(
    "The help is what has been agreed on",
    arguments: [
      "", "bench", "compare", "demo", "embed", "encode", "info", "learn", "next", "personalize", "profile",
      "profile blend",
      "profile copy",
      "profile create", "profile delete", "profile export", "profile history", "profile import", "profile list",
      "profile rebuild", "profile rename", "profile show", "rank", "rate", "tokenize", "undo",
    ])
  func help(command: String) throws {
    let name = command.isEmpty ? "aesgrad" : command.replacing(" ", with: "-")
    let expected = try String(contentsOfFile: fixture("help/\(name).txt"), encoding: .utf8)
    let outcome = try Program.run(command.split(separator: " ").map(String.init) + ["--help"])
    #expect(outcome.code == 0 && outcome.errors == "")
    #expect(outcome.output == expected)
  }
}
