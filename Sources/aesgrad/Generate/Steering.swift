import Aesthetic
import CLIPKit
import Files
import Raster
import SystemPackage
import TensorKit

/// A taste as it is applied to a text encoder: the aesthetic, and what is added to the weights or how it is found out.
struct Steering {
  /// The aesthetic, or the sum of several, each times its weight.
  let aesthetic: Aesthetic
  /// How much it counts, 0 to 1: the sum of the weights, as far as it is below 1.
  let weight: Double
  /// What is added to the weights; nil for steps on the prompts themselves.
  let delta: Delta?
  /// The profiles, and how much each counts.
  let profiles: [(profile: Profile, weight: Float)]
  /// What pictures say of it.
  let facts: [GenerationText.Setting]
  /// What decides on conditionings made with it.
  let key: [String: String]

  /// Finds the taste of `settings`, for the text encoder of `model` with this `fingerprint`; nil for none.
  init?(
    _ settings: TasteSettings, in store: Store?, model: ModelLocation, fingerprint: String
  ) throws {
    switch settings.source {
    case .none: return nil
    case .file(let path):
      aesthetic = try Aesthetic(reading: WeightFile.open(path))
      (weight, delta, profiles) = (Double(min(1, max(0, settings.strength))), nil, [])
      facts =
        settings.extensionFields(weight: weight, embedding: path.lastComponent?.string ?? path.string)
        + [.init(TasteSettings.Name.aestheticHash, aesthetic.hash)]
      try Self.check([aesthetic.hash], settings, path)
    case .profiles(let wanted):
      let uses = wanted.map {
        TasteSettings.Use(name: $0.name, weight: $0.weight * settings.strength, version: $0.version)
      }
      guard let store else { preconditionFailure("profiles without a store") }
      profiles = try uses.map { (try store.profile($0.name), $0.weight) }
      var versions: [AestheticVersion] = []
      var deltas: [Delta] = []
      for (use, (profile, _)) in zip(uses, profiles) {
        var version = use.version
        if !settings.isPerPrompt {
          let found = try store.latestDelta(
            profile, fingerprint: fingerprint, model: model.path, version: version)
          deltas.append(try store.delta(found))
          version = found.version
        }
        versions.append(try store.version(profile, version))
      }
      aesthetic = try Self.sum(versions, uses, store)
      weight = Double(min(1, max(0, uses.reduce(0) { $0 + $1.weight })))
      let names = uses.map { "\($0.name):\($0.weight)" }.joined(separator: " / ")
      var facts: [GenerationText.Setting] = []
      if settings.isPerPrompt {
        delta = nil
        facts += settings.extensionFields(
          weight: weight, embedding: uses.map { "\($0.name)" }.joined(separator: "+"))
      } else {
        delta = try Delta.blend(
          zip(uses, deltas).map { Delta.Part($1, weight: $0.weight, path: store.path) })
      }
      let hashes = (aesthetics: versions.map(\.aesthetic.hash), deltas: deltas.map(\.hash))
      facts += [
        .init(TasteSettings.Name.profile, names),
        .init(TasteSettings.Name.version, versions.map { "\($0.version)" }.joined(separator: ", ")),
        .init(TasteSettings.Name.aestheticHash, hashes.aesthetics.joined(separator: ", ")),
      ]
      if !deltas.isEmpty {
        facts.append(.init(TasteSettings.Name.deltaHash, hashes.deltas.joined(separator: ", ")))
      }
      try Self.check(hashes.aesthetics + hashes.deltas, settings, store.path)
      self.facts = facts
    }
    key = Dictionary(facts.map { ($0.name, $0.value) }) { $1 }
  }

  /// Throws where these are not the aesthetics and deltas that a picture was made with.
  private static func check(_ found: [String], _ settings: TasteSettings, _ path: FilePath) throws(FileError) {
    guard !settings.hashes.isEmpty, settings.hashes != found else { return }
    throw FileError(
      .malformed, path,
      "holds another aesthetic or delta (\(found.joined(separator: ", "))) than the picture was made with "
        + "(\(settings.hashes.map { ByteString($0).description }.joined(separator: ", ")))",
      hint: "--profile or --aesthetic says which is to be used instead")
  }

  private static func sum(
    _ versions: [AestheticVersion], _ uses: [TasteSettings.Use], _ store: Store
  ) throws(FileError) -> Aesthetic {
    var sum = Tensor(zeros: [versions[0].aesthetic.width])
    for (use, version) in zip(uses, versions) {
      guard version.model.fingerprint == versions[0].model.fingerprint else {
        throw FileError(
          .malformed, store.path,
          "has the profiles \"\(uses[0].name)\" and \"\(use.name)\" learned with different image encoders, "
            + "\(ByteString(versions[0].model.name)) and \(ByteString(version.model.name))",
          hint: "`aesgrad profile rebuild` computes one of them anew with the other's")
      }
      // A strength of 0 asks for the plain picture, whose aesthetic nobody needs.
      sum.add(uses.count == 1 ? 1 : use.weight, times: version.aesthetic.direction)
    }
    guard let aesthetic = Aesthetic(mean: sum) else {
      throw FileError(.malformed, store.path, "has profiles that cancel each other: their mixture has no direction")
    }
    return aesthetic
  }
}
