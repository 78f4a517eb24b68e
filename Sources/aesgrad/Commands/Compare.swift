import Aesthetic
import ArgumentParser
import Files
import Raster
import SystemPackage
import TensorKit

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what profiles share and what sets them apart.",
    discussion: """
      Similarity is measured from the mean of all pictures that were rated, since what all pictures share says nothing. \
      Agreement is how often two profiles prefer the same of two pictures. Words are those of a list that ships, by the \
      text side of the CLIP model. With -p, the grid also shows what becomes of one prompt and seed under each.

      Example: aesgrad compare warm ink --grid both.png
      """)

  @Argument(help: "Two profiles, or more.")
  var names: [ProfileName]

  @Option(help: ArgumentHelp("Draw what each likes best, and where they differ.", valueName: "file.png"))
  var grid: PathArgument?

  @Option(name: .shortAndLong, help: ArgumentHelp("Draw this for each profile, too.", valueName: "text"))
  var prompt: String?

  @OptionGroup(title: "How it is drawn") var sampling: SamplingOptions
  @OptionGroup(title: "With what") var drawing: DrawingOptions

  @OptionGroup var models: ModelOptions
  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var replacing: ReplaceOptions

  func validate() throws {
    guard Set(names).count >= 2 else { throw ValidationError("Two different profiles are needed to compare") }
    if prompt != nil, grid == nil { throw ValidationError("-p needs a --grid, which the pictures go to") }
    if let grid, grid.path.extension != "png" {
      throw ValidationError("--grid \(grid.path.printable): the name must end in .png")
    }
  }

  func run() throws {
    models.applyThreads()
    if let grid { try OutputFile.checkTarget(grid.path, replacing: replacing.force) }
    let store = try store.open()
    var failures = Failures("pictures")
    let (comparison, pictures) = try comparison(in: store, &failures)
    if let grid {
      try ComparisonSheet(comparison, samples: samples(in: store), in: store).drawn().writePNG(
        to: grid.path, replacing: replacing.force)
    }
    if output.json { try Console.printJSON(comparison) } else { try print(comparison, in: store) }
    try failures.check(total: pictures + failures.count)
  }

  /// The profiles' comparison, and how many pictures any of them has rated. Pictures that are gone are added to `failures`.
  func comparison(in store: Store, _ failures: inout Failures) throws -> (ProfileComparison, pictures: Int) {
    let model = try ImageModel(models.clipModel())
    var seen: Set<ProfileName> = []
    let profiles = try names.filter { seen.insert($0).inserted }.map { name in
      try LearnedProfile(store.profile(name), in: store, by: model, &failures, quiet: output.quiet)
    }
    let hashes = Set(profiles.flatMap(\.rated.pictures)).sorted()
    let found = try store.sights(of: hashes, by: model.stored)
    let pictures = found.places.isEmpty ? nil : (hashes: found.places.map { hashes[$0] }, sights: found.sights)
    let words = try WordFeatures(model.location, models.tokenizer())
    return (try ProfileComparison(profiles, pictures: pictures, in: store, words: words), hashes.count)
  }

  /// The prompt drawn for each profile, and plain first; nil if there is no prompt.
  private func samples(in store: Store) throws -> ComparisonSheet.Samples? {
    guard let prompt else { return nil }
    let source = try PictureSource(models, drawing, in: store)
    var plain = source.settings(prompt: prompt)
    try sampling.apply(to: &plain)
    try plain.check()
    let steered = names.map { name in
      var settings = plain
      settings.taste.source = .profiles([.init(name: name, weight: 1)])
      return settings
    }
    let pictures = try source.drawn(
      [plain] + steered, seed: plain.seed ?? UInt64.random(in: 0..<1 << 32), quiet: output.quiet)
    return (prompt, Array(zip(["no profile"] + names.map(\.description), pictures)))
  }

  private func print(_ comparison: ProfileComparison, in store: Store) throws {
    func share(_ value: Double?) -> String { value.map { "\(rounded($0 * 100, 0)) %" } ?? "-" }
    let hashes = comparison.pairs.flatMap { $0.firstOnly + $0.secondOnly }
    let paths = Dictionary(try store.pictures(hashes).map { ($0.hash, $0.path) }) { first, _ in first }
    func name(_ hash: String) -> String { paths[hash]?.lastComponent.map { ByteString($0.string).description } ?? hash }
    try Console.printLine(
      table(
        [["profile", "ratings", "held-out accuracy", "drift", "words"]]
          + comparison.profiles.map {
            [
              $0.profile, "\($0.ratings)", share($0.heldOutAccuracy),
              $0.drift.isEmpty ? "-" : $0.drift.map { rounded($0, 2) }.joined(separator: " "),
              $0.words.joined(separator: ", "),
            ]
          }))
    for pair in comparison.pairs {
      try Console.printLine(
        """

        \(pair.first) and \(pair.second): similarity \(rounded(pair.similarity, 2)) (\(rounded(pair.rawSimilarity, 2)) \
        uncentred), agreement \(share(pair.agreement)), \(counted(pair.shared, "picture")) rated by both
          rather \(pair.first): \(pair.firstWords.joined(separator: ", "))
            \(pair.firstOnly.map(name).joined(separator: ", "))
          rather \(pair.second): \(pair.secondWords.joined(separator: ", "))
            \(pair.secondOnly.map(name).joined(separator: ", "))
        """)
    }
  }
}
