import Aesthetic
import ArgumentParser
import Files
import TensorKit

struct Next: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Proposes the pair of pictures whose comparison would tell most about a profile's taste.",
    discussion: """
      Pairs that have been compared are left out. Of more than 2,000 pictures, 2,000 are looked at, evenly taken from all.

      Example: aesgrad next pictures/ --profile warm
      """)

  @Argument(help: ArgumentHelp("Pictures (PNG, JPEG, WebP) and folders of them.", valueName: "path"))
  var paths: [PathArgument]

  @OptionGroup var options: ProfileOptions
  @OptionGroup var models: ModelOptions
  @OptionGroup var output: OutputOptions

  private static let mostPictures = 2000

  private struct Report: Encodable {
    let profile: String
    let first: String
    let second: String
    /// What the answer is expected to tell, in bits.
    let information: Double
    /// The probability that the first is preferred, as far as is known.
    let probability: Double
  }

  func run() throws {
    models.applyThreads()
    let store = try options.store.open()
    let model = try ImageModel(models.clipModel())
    let profile = try store.profile(options.profile)
    var failures = Failures("pictures")
    let rated = try store.ratedPictures(profile)
    try FeatureWork(store: store, model: model, quiet: output.quiet).complete(rated, &failures)
    let ratings = try store.ratedFeatures(profile, by: model.stored)
    let pictures = try PictureFeatures(paths, in: store, by: model, &failures, quiet: output.quiet)
    let every = (pictures.paths.count + Self.mostPictures - 1) / Self.mostPictures
    let chosen = Array(stride(from: 0, to: pictures.paths.count, by: every))
    let sights = pictures.sights.rows(chosen)
    // With no ratings at all, the pictures themselves are what is to be told apart.
    let taste =
      ratings.sights.count > 0
      ? Taste(ratings.sights, judgements: ratings.judgements) : Taste(sights, judgements: [])
    let asked = Self.asked(ratings, among: chosen.map { pictures.hashes[$0] })
    guard let best = taste.proposals(sights, asked: asked).first else {
      throw FileError(
        .missing, pictures.paths[0], "and the others named leave no pair to ask about", hint: "name more pictures")
    }
    let (first, second) = (pictures.paths[chosen[best.first]], pictures.paths[chosen[best.second]])
    if output.json {
      try Console.printJSON(
        Report(
          profile: profile.name, first: first.printable, second: second.printable, information: best.information,
          probability: best.probability))
    } else {
      try Console.printLine("\(first.printable)\n\(second.printable)")
      if !output.quiet {
        Console.note("the answer tells \(rounded(best.information, 2)) bits; to give it:")
        Console.note("aesgrad rate --profile \(profile.name) --prefer BETTER --over OTHER")
      }
    }
    try failures.check(total: pictures.paths.count + failures.count)
  }

  /// The pairs that have been compared, as rows among `hashes`.
  private static func asked(_ ratings: RatedFeatures, among hashes: [String]) -> Set<Set<Int>> {
    let rows = Dictionary(hashes.enumerated().map { ($1, $0) }) { first, _ in first }
    return Set(
      ratings.judgements.compactMap { judgement in
        guard case .preferred(let loser) = judgement.verdict,
          let first = rows[ratings.pictures[judgement.picture]], let second = rows[ratings.pictures[loser]]
        else { return nil }
        return [first, second]
      })
  }
}
