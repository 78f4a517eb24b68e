import Aesthetic
import Files
import Foundation

/// What a profile contains, as it is shown.
struct ProfileReport: Encodable {
  let name: String
  let notes: String
  let made: String
  let ratings: [Count]
  let versions: [Version]
  let deltas: [Delta]

  struct Count: Encodable {
    let kind: String
    let counting: Int
    let given: Int
  }

  struct Version: Encodable {
    let version: Int
    let method: String
    let ratings: Int
    let model: String
    let fingerprint: String
    let made: String
  }

  struct Delta: Encodable {
    let version: Int
    let mode: String
    let steps: Int
    let model: String
    let fingerprint: String
    let bytes: Int
    var similarityBefore: Float?
    var similarityAfter: Float?
    let made: String

    /// What it does, for people to read; empty where it was not measured, as with a blend.
    var similarity: String {
      guard let similarityBefore, let similarityAfter else { return "" }
      return "\(rounded(similarityBefore, 4)) → \(rounded(similarityAfter, 4))"
    }
  }

  init(_ profile: Profile, in store: Store) throws(FileError) {
    (name, notes, made) = (profile.name, profile.notes, profile.made.formatted(.iso8601))
    ratings = try store.ratingCounts(profile).map { Count(kind: $0.kind, counting: $0.counting, given: $0.given) }
    versions = try store.versions(profile).map {
      Version(
        version: $0.version, method: $0.origin.method, ratings: $0.origin.ratingCount, model: $0.model.name,
        fingerprint: $0.model.fingerprint, made: $0.made.formatted(.iso8601))
    }
    deltas = try store.deltas(profile).map {
      Delta(
        version: $0.version, mode: $0.settings.mode, steps: $0.settings.steps, model: $0.model.name,
        fingerprint: $0.model.fingerprint, bytes: $0.size, similarityBefore: $0.similarity?.before,
        similarityAfter: $0.similarity?.after, made: $0.made.formatted(.iso8601))
    }
  }

  /// The report for people to read.
  var text: String {
    var parts = ["\(name), made \(made)"]
    if !notes.isEmpty { parts.append(ByteString(notes).description) }
    if ratings.isEmpty { parts.append("no ratings yet") }
    if !ratings.isEmpty {
      parts.append(
        table([["rating", "count", "given"]] + ratings.map { [$0.kind, "\($0.counting)", "\($0.given)"] }))
    }
    if versions.isEmpty { parts.append("nothing learned yet") }
    if !versions.isEmpty {
      parts.append(
        table(
          [["version", "method", "ratings", "model", "made"]]
            + versions.map {
              [
                "\($0.version)", ByteString($0.method).description, "\($0.ratings)", ByteString($0.model).description,
                $0.made,
              ]
            }))
    }
    if !deltas.isEmpty {
      parts.append(
        table(
          [["delta of version", "mode", "steps", "similarity", "MB", "model"]]
            + deltas.map {
              [
                "\($0.version)", ByteString($0.mode).description, "\($0.steps)",
                $0.similarity,
                rounded(Double($0.bytes) / 1e6, 1), ByteString($0.model).description,
              ]
            }))
    }
    return parts.joined(separator: "\n\n")
  }
}
