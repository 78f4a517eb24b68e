import Aesthetic
import ArgumentParser
import CLIPKit
import Files
import SystemPackage

/// Whose taste pictures are to meet, and how.
struct TasteOptions: ParsableArguments {
  @Option(
    name: .customLong("profile"),
    help: ArgumentHelp(
      "Whose taste the pictures are to meet, with a strength other than 1 behind a colon; several are blended.",
      valueName: "name[:strength]"))
  var profiles: [WeightedProfile] = []

  @Option(
    help: ArgumentHelp("An aesthetic's file instead; it has no delta, so --per-prompt is implied.", valueName: "file"))
  var aesthetic: PathArgument?

  @Flag(help: "Personalise the text encoder on this very prompt, instead of using the profile's stored delta.")
  var perPrompt = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The number of steps of --per-prompt; otherwise 20.", valueName: "count"))
  var aestheticSteps: Int?

  @Option(
    name: .customLong("aesthetic-lr"), parsing: .unconditional,
    help: ArgumentHelp(
      "Their learning rate; otherwise 1e-4, or \(ModelLocation.pocketLearningRate) for the model that ships.",
      valueName: "rate"))
  var aestheticRate: Double?

  func validate() throws {
    if !profiles.isEmpty, aesthetic != nil { throw ValidationError("--profile and --aesthetic exclude each other") }
    if let double = Dictionary(grouping: profiles, by: \.name).values.first(where: { $0.count > 1 }) {
      throw ValidationError("--profile \(double[0].name) is given \(double.count) times")
    }
    if let aestheticSteps, !(0...10_000).contains(aestheticSteps) {
      throw ValidationError("--aesthetic-steps \(aestheticSteps): a number from 0 to 10000 is needed")
    }
    if let aestheticRate, !aestheticRate.isFinite || aestheticRate <= 0 {
      throw ValidationError("--aesthetic-lr \(aestheticRate): a finite number above 0 is needed")
    }
  }

  /// Puts what was asked for into `settings`; the rest stays.
  func apply(to settings: inout GenerationSettings, usualRate: Double) throws {
    if !profiles.isEmpty {
      settings.taste = TasteSettings(learningRate: usualRate)
      settings.taste.source = .profiles(profiles.map { .init(name: $0.name, weight: $0.weight) })
    }
    if let path = aesthetic?.path {
      let isOther = if case .profiles = settings.taste.source { true } else { false }
      if isOther { settings.taste = TasteSettings(learningRate: usualRate) }
      settings.taste.source = .file(path)
      settings.taste.isPerPrompt = true
    }
    if perPrompt, !settings.taste.isPerPrompt {
      settings.taste.isPerPrompt = true
      settings.taste.hashes = []
    }
    if let aestheticSteps { settings.taste.steps = aestheticSteps }
    if let aestheticRate { settings.taste.learningRate = aestheticRate }
    guard settings.taste.source == .none else { return }
    if perPrompt { throw ValidationError("--per-prompt needs a --profile or an --aesthetic") }
    if aestheticSteps != nil || aestheticRate != nil {
      throw ValidationError("--aesthetic-steps and --aesthetic-lr need a --profile or an --aesthetic")
    }
  }
}

/// The taste that pictures are to meet.
struct TasteSettings: Hashable {
  /// A profile, how much of it, and which version of its aesthetic; nil for the latest.
  struct Use: Hashable {
    var name: ProfileName
    var weight: Float
    var version: Int?
  }

  enum Source: Hashable {
    case none
    case profiles([Use])
    case file(FilePath)
  }

  var source = Source.none
  /// What the profiles' weights, or the file's, are multiplied with.
  var strength: Float = 1
  /// Steps on the prompts themselves, instead of a stored delta.
  var isPerPrompt = false
  var steps = 20
  var learningRate = 1e-4
  /// The hashes of aesthetics and deltas that a picture was made with and that must be found again; empty for any.
  var hashes: [String] = []

  /// No taste.
  init(learningRate: Double = 1e-4) { self.learningRate = learningRate }
}
