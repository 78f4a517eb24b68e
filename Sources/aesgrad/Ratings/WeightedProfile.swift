import Aesthetic
import ArgumentParser
import CLIPKit
import Files

/// A profile's name, and how much of it: `NAME` or `NAME:WEIGHT`.
struct WeightedProfile: ExpressibleByArgument {
  let name: ProfileName
  let weight: Float

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let name = ProfileName(String(parts[0])) else { return nil }
    guard let weight = parts.count == 1 ? 1 : Float(parts[1]), weight.isFinite else { return nil }
    (self.name, self.weight) = (name, weight)
  }

  /// Adds the profile's latest delta, times the weight, to `encoder`, which was read from `model`.
  func apply(to encoder: inout TextEncoder, of model: ModelLocation, in options: StoreOptions) throws(FileError) {
    let store = try options.open()
    let stored = try store.latestDelta(store.profile(name), fingerprint: encoder.fingerprint, model: model.path)
    try store.delta(stored).apply(to: &encoder, strength: weight, path: store.path, model: model.path)
  }
}
