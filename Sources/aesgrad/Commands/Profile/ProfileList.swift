import Aesthetic
import ArgumentParser
import Foundation

struct ProfileList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists the profiles.",
    discussion: "Example: aesgrad profile list")

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  private struct Line: Encodable {
    let name: String
    let ratings: Int
    let versions: Int
    let made: String
  }

  func run() throws {
    let store = try store.open()
    let lines = try store.profiles().map { profile in
      Line(
        name: profile.name, ratings: try store.ratingCounts(profile).reduce(0) { $0 + $1.counting },
        versions: try store.versions(profile).count, made: profile.made.formatted(.iso8601))
    }
    if output.json { return try Console.printJSON(["profiles": lines]) }
    guard !lines.isEmpty else { return try Console.printLine("no profiles yet") }
    try Console.printLine(
      table(
        [["profile", "ratings", "versions", "made"]]
          + lines.map { [$0.name, "\($0.ratings)", "\($0.versions)", $0.made] }))
  }
}
