import Aesthetic
import ArgumentParser
import CLIPKit
import Files
import TensorKit

struct Learn: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Learns a profile's taste from its ratings.",
    discussion: """
      Makes a new version of the profile's aesthetic, and a delta for the text encoder that is kept and works for any \
      prompt. It is trained over the prompts that are given, else those that the profile has had pictures made of, else a \
      neutral set, and takes as many steps as bring those prompts to where --steps would bring each alone. How far it carries \
      over to prompts it was not trained on is measured and told. With --steps 0 there is no delta. A profile without \
      ratings keeps the aesthetic that was imported or blended.

      Example: aesgrad learn warm -m v1-5.safetensors --clip openai/clip-vit-large-patch14
      """)

  @Argument(help: "The profile.")
  var name: ProfileName

  @Option(help: "How ratings become an aesthetic; otherwise what goes with the ratings there are.")
  var method: LearningMethod?

  @OptionGroup(title: "The delta") var personalization: PersonalizationOptions
  @OptionGroup var models: ModelOptions
  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  /// So many of the profile's own prompts take part.
  private static let ownPrompts = 32

  func validate() throws { try personalization.checkRank(assuming: .lowRank) }

  func run() throws {
    models.applyThreads()
    let store = try store.open()
    let profile = try store.profile(name)
    let text = personalization.steps > 0 ? try TextSide(models) : nil
    let model = try ImageModel(models.clipModel())
    let prompts = try prompts(of: profile, store, for: text?.model ?? model.location)
    var failures = Failures("pictures")
    let pictures = try store.ratedPictures(profile)
    try FeatureWork(store: store, model: model, quiet: output.quiet).complete(pictures, &failures)
    let rated = try store.ratedFeatures(profile, by: model.stored)
    let previous = try store.versions(profile).last { $0.model == model.stored }
    let usual = method ?? .usual(for: rated.judgements)
    // Where nothing was said, what was imported or blended is what there is.
    let given = rated.judgements.isEmpty && method == nil ? previous : nil
    let aesthetic = try given?.aesthetic ?? usual.aesthetic(rated, of: profile, in: store)
    let method = given?.origin.method ?? usual.rawValue
    let training = try text.map { text in
      try DeltaTraining(
        // Who asks for a rank means factors.
        text, personalization.assuming(personalization.rank == nil ? text.model.usualDeltaMode : .lowRank), prompts,
        towards: aesthetic, model: model.location, quiet: output.quiet)
    }
    let origin = AestheticVersion.Origin(
      method: method, lastRating: rated.lastRating, ratingCount: rated.judgements.count)
    let version = try store.add(
      aesthetic, from: origin, by: model.stored, deltas: training.map { [($0.delta, $0.model)] } ?? [], to: profile)
    let report = Report(
      profile: profile.name, version: version, method: method, ratings: rated.judgements.count,
      pictures: rated.pictures.count, failed: failures.count,
      similarityToPrevious: previous.map { aesthetic.direction.dot($0.aesthetic.direction) }, delta: training?.report)
    try print(report)
    try failures.check(total: pictures.count)
  }

  private func prompts(
    of profile: Profile, _ store: Store, for model: ModelLocation
  ) throws(FileError) -> [String] {
    let given = try personalization.allPrompts()
    if !given.isEmpty { return given }
    let own = try store.prompts(profile, limit: Self.ownPrompts)
    return own.isEmpty ? model.neutralPrompts.training : own
  }

  private struct Report: Encodable {
    let profile: String
    let version: Int
    let method: String
    let ratings: Int
    let pictures: Int
    let failed: Int
    /// The cosine between this version's direction and that of the one before.
    let similarityToPrevious: Float?
    let delta: DeltaTraining.Report?
  }

  private func print(_ report: Report) throws {
    if output.json { return try Console.printJSON(report) }
    let drift = report.similarityToPrevious.map { ", similarity to the version before \(rounded($0, 4))" } ?? ""
    try Console.printLine(
      "version \(report.version) of \(report.profile): \(report.method), from \(counted(report.ratings, "rating")) of "
        + counted(report.pictures, "picture") + drift)
    guard let delta = report.delta else { return }
    for line in delta.lines { try Console.printLine(line) }
  }
}
