import Aesthetic
import ArgumentParser
import Files
import TensorKit

struct ProfileBlend: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "blend",
    abstract: "Makes a profile that is a mixture of others.",
    discussion: """
      Its aesthetic is the sum of the others' directions, each times its weight, and so are its deltas, for the text \
      encoders that all of them have deltas for. It has no ratings of its own.

      Example: aesgrad profile blend cosy warm:0.7 ink:0.3
      """)

  @Argument(help: "What to call the mixture.")
  var name: ProfileName

  @Argument(help: ArgumentHelp("The profiles and their weights; 1 where none is said.", valueName: "profile[:weight]"))
  var parts: [WeightedProfile]

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let store = try store.open()
    let profiles = try parts.map { try store.profile($0.name) }
    let versions = try profiles.map { try store.latestVersion($0) }
    let model = versions[0].model
    for (profile, version) in zip(profiles, versions) where version.model != model {
      throw FileError(
        .malformed, store.path,
        "has the profiles \"\(profiles[0].name)\" and \"\(profile.name)\" learned with different image encoders, "
          + "\(ByteString(model.name)) and \(ByteString(version.model.name))",
        hint: "`aesgrad profile rebuild` computes one of them anew with the other's")
    }
    var sum = Tensor(zeros: [model.width])
    for (part, version) in zip(parts, versions) { sum.add(part.weight, times: version.aesthetic.direction) }
    guard let aesthetic = Aesthetic(mean: sum) else {
      throw ValidationError("The profiles cancel each other: their mixture has no direction")
    }
    let origin = AestheticVersion.Origin(
      method: "blend",
      settings: Dictionary(zip(parts, versions).map { ("\($0.name) \($1.version)", "\($0.weight)") }) { $1 },
      lastRating: 0, ratingCount: 0)
    let deltas = try deltas(profiles, versions, store)
    let profile = try store.createProfile(
      name, with: aesthetic, from: origin, by: model, deltas: deltas,
      notes: parts.map { "\($0.name):\($0.weight)" }.joined(separator: " "))
    if output.json { return try Console.printJSON(["profile": profile.name]) }
    try Console.printLine("made the profile \(name) with \(counted(deltas.count, "delta"))")
  }

  /// The mixtures of the deltas that lead to `versions`, of all text encoders that each has one for.
  private func deltas(
    _ profiles: [Profile], _ versions: [AestheticVersion], _ store: Store
  ) throws -> [(Delta, StoredModel)] {
    let stored = try zip(profiles, versions).map { profile, version in
      try store.deltas(profile).filter { $0.version == version.version }
    }
    return try stored[0].compactMap { first in
      let same = stored.compactMap { deltas in deltas.last { $0.model == first.model } }
      guard same.count == stored.count else { return nil }
      let blend = try Delta.blend(
        try zip(parts, same).map { try Delta.Part(store.delta($1), weight: $0.weight, path: store.path) })
      return blend.map { ($0, first.model) }
    }
  }
}
