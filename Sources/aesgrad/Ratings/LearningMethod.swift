import Aesthetic
import ArgumentParser
import Files

/// How ratings become an aesthetic.
enum LearningMethod: String, CaseIterable, ExpressibleByArgument {
  /// The paper's: the mean of the features of what was liked.
  case mean
  /// What ratings of all kinds say together (`Taste`).
  case preference

  /// The one that goes with these ratings: the paper's as long as nothing is disliked, starred or compared.
  static func usual(for judgements: [Judgement]) -> LearningMethod {
    judgements.allSatisfy { $0.verdict == .like || $0.verdict == .skip } ? .mean : .preference
  }

  /// The aesthetic that the ratings of `profile` say.
  func aesthetic(_ rated: RatedFeatures, of profile: Profile, in store: Store) throws(FileError) -> Aesthetic {
    let aesthetic: Aesthetic?
    switch self {
    case .mean: aesthetic = Aesthetic(meanOfLiked: rated.judgements, features: rated.features)
    case .preference:
      let said = rated.judgements.contains { $0.verdict != .skip }
      aesthetic = said ? Taste(rated.sights, judgements: rated.judgements).aesthetic : nil
    }
    guard let aesthetic else {
      throw FileError(
        .missing, store.path, "has no ratings of the profile \"\(profile.name)\" that say what is liked",
        hint: "`aesgrad rate PICTURES --profile \(profile.name) --like` adds some")
    }
    return aesthetic
  }
}
