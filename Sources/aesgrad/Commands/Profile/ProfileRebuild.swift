import Aesthetic
import ArgumentParser
import Files

struct ProfileRebuild: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rebuild",
    abstract: "Computes all that was learned of a profile anew, with another CLIP model for instance.",
    discussion: """
      Every version of the aesthetic is made again from the ratings that counted when it was made. The ratings stay as \
      they are; deltas belong to the old versions and go: `aesgrad learn` makes a new one.

      Example: aesgrad profile rebuild warm --clip openai/clip-vit-large-patch14
      """)

  @Argument(help: "The profile.")
  var name: ProfileName

  @OptionGroup var models: ModelOptions
  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    models.applyThreads()
    let store = try store.open()
    let profile = try store.profile(name)
    let model = try ImageModel(models.clipModel())
    var failures = Failures("pictures")
    let pictures = try store.ratedPictures(profile)
    try FeatureWork(store: store, model: model, quiet: output.quiet).complete(pictures, &failures)
    let versions = try store.versions(profile)
    let rebuilt = try versions.map { version in
      guard let method = LearningMethod(rawValue: version.origin.method) else {
        throw FileError(
          .malformed, store.path,
          "has a version \(version.version) of \"\(profile.name)\" that comes from no ratings "
            + "(\(ByteString(version.origin.method)))", hint: "import or blend again what it was made of")
      }
      let rated = try store.ratedFeatures(profile, by: model.stored, through: version.origin.lastRating)
      return (version, try method.aesthetic(rated, of: profile, in: store))
    }
    try store.replace(rebuilt, by: model.stored, of: profile)
    if output.json {
      try Console.printJSON(["profile": profile.name, "model": model.stored.name, "versions": "\(versions.count)"])
    } else {
      try Console.printLine(
        "made \(counted(versions.count, "version")) of \(profile.name) anew with \(ByteString(model.stored.name))")
    }
    try failures.check(total: pictures.count)
  }
}
