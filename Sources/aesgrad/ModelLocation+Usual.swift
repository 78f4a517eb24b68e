import CLIPKit
import PocketModel
import SystemPackage

/// What is usual for a model where nothing is asked for. The model that ships is small and knows few things.
extension ModelLocation {
  /// Adam's learning rate for the model that ships. In so narrow a text encoder twenty steps at the published 1e-4 leave
  /// nothing of the prompt's subject.
  static let pocketLearningRate = 1.2e-5

  /// Adam's learning rate: the published one for models of Stable Diffusion's size.
  var usualLearningRate: Double { isPocket ? Self.pocketLearningRate : 1e-4 }

  /// What the steps for a stored delta move. One is kept with every version, and an exact one is as large as the text encoder:
  /// too large for most, but not for the model that ships, whose narrow maps lose more by factors of low rank.
  var usualDeltaMode: PersonalizationOptions.Mode { isPocket ? .exact : .lowRank }

  /// The prompts that a delta is trained over.
  var neutralPrompts: NeutralPrompts { isPocket ? .pocket : .usual }

  /// The words that say what an aesthetic is near to.
  var tasteWords: [String] { isPocket ? TasteWords.pocket : TasteWords.all }

  /// Whether this is the model that ships, or its CLIP.
  private var isPocket: Bool { PocketModel.folder().map { path.starts(with: $0) } ?? false }
}
