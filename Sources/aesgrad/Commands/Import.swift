import Aesthetic
import ArgumentParser
import Files
import SystemPackage
import TensorKit

struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Takes over what other programs have: aesthetics as profiles, likes and rankings as ratings.",
    discussion: """
      Aesthetics (.pt, .safetensors) become profiles called as the files, in the space of the CLIP model. Ratings go to the \
      profile of --profile: those of the image browser of AUTOMATIC1111's web interface (wib.sqlite3 or ranking.json), whose \
      1 to 5 are stars, and tables as of `aesgrad rate --from`. Pictures must be where they are said to be; paths that do \
      not begin at the root are from the folder of the table on, or from where you are for the image browser's. Makes the \
      database if there is none.

      Examples:
        aesgrad import aivazovsky.pt fantasy.pt --clip openai/clip-vit-large-patch14
        aesgrad import wib.sqlite3 --profile warm
      """)

  @Argument(help: ArgumentHelp("The files.", valueName: "file"))
  var files: [PathArgument]

  @Option(
    help: ArgumentHelp("What to call the profile of a single aesthetic; otherwise as its file.", valueName: "name"))
  var name: ProfileName?

  @Option(help: ArgumentHelp("The profile that ratings go to.", valueName: "name"))
  var profile: ProfileName?

  @OptionGroup var models: ModelOptions
  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if name != nil, files.count > 1 { throw ValidationError("--name: several files cannot have one name") }
  }

  func run() throws {
    let store = try store.open(creating: true)
    var taken: [Taken] = []
    var failures = Failures("files")
    var lost = Failures("pictures")
    var image: ImageModel?
    for path in files.map(\.path) {
      try Interruption.check()
      do {
        if let rankings = try ImageBrowserRankings(path) {
          let intake = try RatingsIntake(
            rankings, from: "", &lost, for: target(store, path), in: store, quiet: output.quiet)
          taken.append(try keep(intake, path))
        } else if Self.isTable(path) {
          let profile = try target(store, path)
          let intake = try RatingsIntake(RatingsFile(path), of: path, for: profile, in: store, quiet: output.quiet)
          taken.append(try keep(intake, path))
        } else {
          let source = try WeightFile.open(path)
          let model = try image ?? ImageModel(models.clipModel())
          image = model
          taken.append(try makeProfile(of: source, model.stored, store))
        }
      } catch let error as FileError { failures.add(error) }
    }
    if output.json {
      try Console.printJSON(["imported": taken])
    } else {
      for one in taken { try Console.printLine(one.text) }
    }
    try failures.check(total: files.count)
    try lost.check(total: lost.count + taken.reduce(0) { $0 + ($1.ratings ?? 0) })
  }

  private static func isTable(_ path: FilePath) -> Bool { ["csv", "jsonl", "tsv"].contains(path.extension ?? "") }

  private func target(_ store: Store, _ path: FilePath) throws -> Profile {
    guard let profile else {
      throw ValidationError("\(path.printable) holds ratings: --profile says whose they are")
    }
    return try store.profile(profile)
  }

  private func keep(_ intake: RatingsIntake, _ path: FilePath) throws(FileError) -> Taken {
    if !intake.ratings.isEmpty { try intake.keep(source: "import \(path.lastComponent?.string ?? "")") }
    return Taken(file: path.printable, profile: profile?.description ?? "", ratings: intake.ratings.count)
  }

  private func makeProfile(
    of source: any WeightSource, _ model: StoredModel, _ store: Store
  ) throws(FileError) -> Taken {
    let path = source.path
    let aesthetic = try Aesthetic(reading: source, width: model.width)
    guard let name = name ?? ProfileName(path.stem ?? "") else {
      throw FileError(.malformed, path, "has a name that no profile can have", hint: "--name gives another")
    }
    let origin = AestheticVersion.Origin(
      method: "import", settings: ["file": path.lastComponent?.string ?? ""], lastRating: 0, ratingCount: 0)
    let profile = try store.createProfile(
      name, with: aesthetic, from: origin, by: model, deltas: [], notes: "imported from \(path.printable)")
    return Taken(file: path.printable, profile: profile.name, ratings: nil)
  }

  private struct Taken: Encodable {
    let file: String
    let profile: String
    /// How many ratings; nil for an aesthetic.
    let ratings: Int?

    var text: String {
      ratings.map { "\(file): \(counted($0, "rating")) kept in the profile \(profile)" }
        ?? "\(file): made the profile \(profile)"
    }
  }
}
