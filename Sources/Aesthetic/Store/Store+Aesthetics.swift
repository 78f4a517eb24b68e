package import Files
import Foundation
import GRDB
import SystemPackage
import TensorKit

extension Store {
  /// Keeps `aesthetic` as the next version of the profile's, and `delta`, if there is one, with the text encoder that it
  /// belongs to: both, or neither. Returns the version's number.
  @discardableResult package func add(
    _ aesthetic: Aesthetic, from origin: AestheticVersion.Origin, by model: StoredModel,
    delta: (delta: Delta, model: StoredModel)? = nil, to profile: Profile
  ) throws(FileError) -> Int {
    try write { database in try add(aesthetic, from: origin, by: model, delta: delta, to: profile, database) }
  }

  func add(
    _ aesthetic: Aesthetic, from origin: AestheticVersion.Origin, by model: StoredModel,
    delta: (delta: Delta, model: StoredModel)?, to profile: Profile, _ database: Database
  ) throws -> Int {
    precondition(aesthetic.width == model.width, "an aesthetic of \(aesthetic.width) features by \(model)")
    let latest = try Int.fetchOne(
      database, sql: "SELECT max(version) FROM aesthetic WHERE profile = ?", arguments: [profile.id])
    let version = (latest ?? 0) + 1
    try database.execute(
      sql: """
        INSERT INTO aesthetic
          (profile, version, model, method, settings, last_rating, rating_count, vector, made)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        profile.id, version, try number(of: model, database), origin.method, try json(origin.settings),
        origin.lastRating, origin.ratingCount, aesthetic.mean.data, Date.now.milliseconds,
      ])
    if let delta { try add(delta.delta, of: delta.model, to: database.lastInsertedRowID, database) }
    return version
  }

  /// All versions of the profile's aesthetic, oldest first.
  package func versions(_ profile: Profile) throws(FileError) -> [AestheticVersion] {
    try read { database in
      try Row.fetchAll(
        database, sql: Self.versions + " WHERE profile = ? ORDER BY version", arguments: [profile.id]
      ).map(version)
    }
  }

  /// The latest version of the profile's aesthetic: of all, or of those by `model`.
  package func latestVersion(_ profile: Profile, by model: StoredModel? = nil) throws(FileError) -> AestheticVersion {
    let row = try read { database in
      try Row.fetchOne(
        database,
        sql: Self.versions + " WHERE profile = ?1 AND (?2 IS NULL OR fingerprint = ?2) ORDER BY version DESC LIMIT 1",
        arguments: [profile.id, model?.fingerprint])
    }
    guard let row else {
      let others = try versions(profile)
      guard let last = others.last, let model else {
        throw FileError(
          .missing, path, "has nothing learned of the profile \"\(profile.name)\" yet",
          hint: "`aesgrad learn \(profile.name)` learns from its ratings")
      }
      throw FileError(
        .malformed, path,
        "has the profile \"\(profile.name)\" learned with the image encoder \(last.model.name) "
          + "(\(last.model.fingerprint)); that of \(model.name) is another (\(model.fingerprint))",
        hint: "name the CLIP model it was learned with, or `aesgrad profile rebuild \(profile.name)` under this one")
    }
    return try version(row)
  }

  private static let versions = """
    SELECT aesthetic.*, fingerprint, kind, name, width FROM aesthetic JOIN model ON model.id = model
    """

  private func version(_ row: Row) throws(FileError) -> AestheticVersion {
    let model = StoredModel(row)
    guard let mean = Tensor(row["vector"] as Data, shape: [model.width]), let aesthetic = Aesthetic(mean: mean) else {
      throw FileError(damaged: path, "version \(row["version"] as Int) of an aesthetic is none")
    }
    let origin = AestheticVersion.Origin(
      method: row["method"], settings: (try? strings(row["settings"])) ?? [:], lastRating: row["last_rating"],
      ratingCount: row["rating_count"])
    return AestheticVersion(
      id: row["id"], version: row["version"], model: model, origin: origin, aesthetic: aesthetic,
      made: Date(milliseconds: row["made"]))
  }

  /// Names and texts as a JSON object.
  func json(_ settings: [String: String]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(settings), as: UTF8.self)
  }

  /// The names and texts in a JSON object.
  func strings(_ json: String) throws -> [String: String] {
    try JSONDecoder().decode([String: String].self, from: Data(json.utf8))
  }
}
