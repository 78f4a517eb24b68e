import ArgumentParser
import Files
import Foundation
import Raster
import SystemPackage

/// What profiles learned from galleries do to the pictures of neutral prompts, in the galleries' own pixel statistics.
@main struct EffectBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "effect-benchmark",
    abstract: "Measures what a profile does to pictures, with the model that ships.",
    discussion: """
      A profile is learned from each gallery. Neutral prompts are drawn with the same seeds by the plain model, with the \
      profile's delta at several strengths, and with steps for each prompt alone. Told is how far the statistic that \
      defines the gallery moves from the plain model's mean (0 %) to the gallery's (100 %). The pictures stay, with a list \
      of their subjects for Tools/pocket/evaluate.py.

      Example: effect-benchmark .build/release/aesgrad --galleries galleries --out .build/effect
      """)

  @Argument(help: "The program.")
  var program: String

  @Option(help: "The galleries' folder.")
  var galleries: String

  @Option(help: "Where the pictures go; what an earlier run has left there is not made again.")
  var out: String

  @Option(help: "How many seeds each prompt has.")
  var seeds = 5

  @Option(help: "How many seeds each prompt has between strength 0 and 1.")
  var betweenSeeds = 2

  private static let between = ["0.25", "0.5", "0.75"]

  func run() throws {
    let folder = FilePath(out)
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    let aesgrad = Aesgrad(program: FilePath(program), database: folder.appending("effect.sqlite"))
    var list = "picture,subject,gallery,how\n"
    /// All pictures of all prompts made in one way, prompt by prompt.
    func pictures(_ gallery: String, _ how: String, seeds: Int, _ options: [String]) throws -> [FilePath] {
      try NeutralPrompt.all.enumerated().flatMap { number, prompt in
        let place = "\(gallery)-\(how)/\(number)"
        let paths = try aesgrad.pictures(of: prompt.text, count: seeds, options, in: folder.appending(place))
        for path in paths {
          list += "\(place)/\(path.lastComponent?.string ?? ""),\(prompt.subject),\(gallery),\(how)\n"
        }
        return paths
      }
    }
    let plain = try pictures("plain", "0", seeds: seeds, [])
    say("\(plain.count) pictures for each way: \(NeutralPrompt.all.count) prompts, \(seeds) seeds\n")
    say(
      "gallery      statistic   plain  gallery  stored  moved  of pairs   at 0.25  0.5  0.75   steps for each  stored/each"
    )
    for taste in GalleryTaste.all {
      try learn(taste, aesgrad)
      let gallery = mean(try taste.values(pngs(in: FilePath(galleries).appending(taste.name))))
      let before = try taste.values(plain)
      let distance = gallery - mean(before)
      let after = try taste.values(pictures(taste.name, "1", seeds: seeds, ["--profile", taste.name]))
      let pairs = mean(zip(before, after).map { ($1 - $0) * distance > 0 ? 1 : 0 })
      func moved(_ values: [Double], from start: [Double]) -> Double { (mean(values) - mean(start)) / distance }
      // Of every prompt's seeds the first ones.
      let few = before.indices.filter { $0 % seeds < betweenSeeds }.map { before[$0] }
      let between = try Self.between.map { strength in
        moved(
          try taste.values(
            pictures(taste.name, strength, seeds: betweenSeeds, ["--profile", "\(taste.name):\(strength)"])), from: few)
      }
      let own = try taste.values(
        pictures(taste.name, "each", seeds: betweenSeeds, ["--profile", taste.name, "--per-prompt"]))
      let stored = moved(after, from: before)
      let fewStored = moved(after.indices.filter { $0 % seeds < betweenSeeds }.map { after[$0] }, from: few)
      let each = moved(own, from: few)
      say(
        taste.name.padding(toLength: 13, withPad: " ", startingAt: 0)
          + taste.statistic.rawValue.padding(toLength: 11, withPad: " ", startingAt: 0)
          + String(
            format: "%6.3f  %7.3f  %6.3f  %4.0f %%  %6.0f %%   %5.0f %% %3.0f %% %3.0f %%   %12.0f %%  %9.0f %%",
            mean(before),
            gallery, mean(after), stored * 100, pairs * 100, between[0] * 100, between[1] * 100, between[2] * 100,
            each * 100, fewStored / each * 100))
    }
    try OutputFile.write(Array(list.utf8), to: folder.appending("pictures.csv"), replacing: true)
    say("\npictures and their subjects: \(folder.appending("pictures.csv").string)")
  }

  /// Prints a line at once, also into a file: a run takes long, and what it has found is to be seen.
  private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

  /// Makes the profile of a gallery, if an earlier run has not.
  private func learn(_ taste: GalleryTaste, _ aesgrad: Aesgrad) throws {
    if (try? aesgrad.run(["profile", "create", taste.name])) == nil { return }
    try aesgrad.run(["rate", FilePath(galleries).appending(taste.name).string, "--profile", taste.name, "--like", "-q"])
    try aesgrad.run(["learn", taste.name, "-q"])
  }

  private func pngs(in folder: FilePath) throws -> [FilePath] {
    try Folder.entries(of: folder).filter { $0.extension == "png" }.sorted { $0.string < $1.string }
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
}
