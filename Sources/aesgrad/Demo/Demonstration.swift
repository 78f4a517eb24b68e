import Aesthetic
import ArgumentParser
import Files
import Foundation
import Glibc
import Raster
import SystemPackage

/// The main job, as a person would do it: each stage is a command of this program, run as if it had been typed.
struct Demonstration {
  let folder: FilePath
  let galleries: FilePath
  private var commands: [String] = []
  private var stage = 0

  /// A taste: what it is called, and what it comes from.
  private struct Taste {
    let name: String
    let origin: String
    /// What is rated: a gallery, all of which is liked, or a file of ratings.
    let source: String
    let isGallery: Bool
    /// Pictures of it to show.
    let examples: [String]
  }

  private static let tastes = [
    Taste(
      name: "neon-night", origin: "16 neon pictures, liked", source: "neon-night", isGallery: true,
      examples: ["neon-night/castle.png", "neon-night/cactus.png", "neon-night/windmill.png"]),
    Taste(
      name: "sepia", origin: "16 brown pictures, liked", source: "sepia", isGallery: true,
      examples: ["sepia/castle.png", "sepia/cactus.png", "sepia/windmill.png"]),
    Taste(
      name: "soft-light", origin: "128 pictures with one to five stars", source: "rater-b.csv", isGallery: false,
      examples: ["pastel-dawn/castle.png", "watercolour/cactus.png", "pastel-dawn/windmill.png"]),
  ]
  private static let prompts = ["a sailboat", "a castle", "a cat", "a house by a tree"]
  private static let firstSeed = 25

  init(folder: FilePath, galleries: FilePath) {
    (self.folder, self.galleries) = (folder, galleries)
  }

  /// Runs all stages, in less than a minute.
  mutating func run() throws -> DemoReport {
    // It is about the model that ships, whatever is usual here.
    for name in ["AESGRAD_MODEL", "AESGRAD_CLIP"] { _ = unsafe unsetenv(name) }
    announce("three profiles, empty as yet")
    for taste in Self.tastes { try run(["profile", "create", taste.name] + database) }
    var rows: [DemoReport.Row] = []
    announce("what the plain model draws")
    rows.append(DemoReport.Row(name: "plain", origin: "", pictures: try draw(for: nil)))
    for taste in Self.tastes {
      announce("a taste from \(taste.origin)")
      let source = galleries.appending(taste.source).string
      try run(
        ["rate"] + (taste.isGallery ? [source, "--like"] : ["--from", source]) + ["--profile", taste.name] + database)
      try run(["learn", taste.name] + database)
      announce("what \(taste.name) makes of the same prompts and seeds")
      let pictures = try draw(for: taste.name)
      let delta = try store.deltas(profile(taste.name)).last
      rows.append(
        DemoReport.Row(
          name: taste.name, origin: taste.origin, similarity: delta?.similarity,
          examples: try taste.examples.map { try Picture(reading: galleries.appending($0)) }, pictures: pictures))
    }
    announce("what the tastes share, and what sets them apart")
    let names = Self.tastes.map(\.name)
    guard let compare = try run(["compare"] + names + database) as? Compare else {
      preconditionFailure("compare is another command")
    }
    var failures = Failures("pictures")
    let comparison = try compare.comparison(in: store, &failures).0
    for side in comparison.profiles {
      for index in rows.indices where rows[index].name == side.profile { rows[index].words = side.words }
    }
    return DemoReport(prompts: Self.prompts, rows: rows, comparison: comparison, commands: commands)
  }

  private var store: Store { get throws { try Store(folder.appending("demo.sqlite")) } }

  private func profile(_ name: String) throws -> Profile {
    guard let name = ProfileName(name) else { preconditionFailure("no name for a profile: \(name)") }
    return try store.profile(name)
  }

  private var database: [String] { ["--db", folder.appending("demo.sqlite").string] }

  private var stages: Int { 3 + 2 * Self.tastes.count }

  private mutating func announce(_ what: String) {
    stage += 1
    Console.note("\n[\(stage)/\(stages)] \(what)")
  }

  /// Makes a picture of each prompt, with the deltas of a profile if one is named.
  private mutating func draw(for profile: String?) throws -> [Picture] {
    let target = folder.appending("pictures").appending(profile ?? "plain")
    for (number, prompt) in Self.prompts.enumerated() {
      try run(
        ["generate", "-p", prompt, "-s", "\(Self.firstSeed + number)", "-o", target.string]
          + (profile.map { ["--profile", $0] } ?? []) + database)
    }
    return try Folder.entries(of: target).filter { $0.extension == "png" }.sorted { $0.string < $1.string }
      .map { try Picture(reading: $0) }
  }

  /// Runs the program's own command of these arguments, and says which it is.
  @discardableResult private mutating func run(_ arguments: [String]) throws -> any ParsableCommand {
    let line = "aesgrad " + arguments.map { $0.contains(" ") ? "\"\($0)\"" : $0 }.joined(separator: " ")
    commands.append(line)
    try Console.printLine("$ " + line)
    var command = try Aesgrad.parseAsRoot(arguments)
    try command.run()
    try Interruption.check()
    return command
  }
}
