package import Foundation
import TensorKit

/// What was learned of a profile at one time.
package struct AestheticVersion: Sendable {
  /// Its number in the database.
  let id: Int64
  /// 1 for a profile's first, and so on.
  package let version: Int
  /// The image encoder in whose space it is.
  package let model: StoredModel
  /// How it was computed.
  package let origin: Origin
  /// The aesthetic itself.
  package let aesthetic: Aesthetic
  /// When it was computed.
  package let made: Date

  /// What an aesthetic was derived from: with the ratings themselves, enough to compute it again.
  package struct Origin: Sendable, Hashable {
    /// "mean", "preference", "blend" or "import".
    package var method: String
    /// What else decided on the result, by name.
    package var settings: [String: String]
    /// The number of the last fact of the profile's history that was taken into account; 0 for none.
    package var lastRating: Int64
    /// How many ratings counted.
    package var ratingCount: Int

    /// An origin; see the properties.
    package init(method: String, settings: [String: String] = [:], lastRating: Int64, ratingCount: Int) {
      self.method = method
      self.settings = settings
      self.lastRating = lastRating
      self.ratingCount = ratingCount
    }
  }
}

/// A delta that is kept, as far as it can be told without reading its tensors.
package struct StoredDelta: Sendable {
  /// Its number in the database.
  let id: Int64
  /// The version of the profile's aesthetic that it leads to.
  package let version: Int
  /// The text encoder that it belongs to.
  package let model: StoredModel
  /// How it was made.
  package let settings: Delta.Settings
  /// The mean similarity of its prompts to the aesthetic without it and with it.
  package let similarity: (before: Float, after: Float)?
  /// What its tensors take, in bytes.
  package let size: Int
  /// When it was made.
  package let made: Date
}
