package import Files
import Foundation
import GRDB
import SystemPackage
import TensorKit

extension Store {
  /// Keeps `aesthetic` as the next version of the profile's, and `deltas` that lead to it with the text encoders that they
  /// belong to: all, or nothing. Returns the version's number.
  @discardableResult package func add(
    _ aesthetic: Aesthetic, from origin: AestheticVersion.Origin, by model: StoredModel,
    deltas: [(delta: Delta, model: StoredModel)] = [], to profile: Profile
  ) throws(FileError) -> Int {
    try write { database in try add(aesthetic, from: origin, by: model, deltas: deltas, to: profile, database) }
  }

  /// Makes a profile with a first version of its aesthetic that does not come from ratings of its own.
  package func createProfile(
    _ name: ProfileName, with aesthetic: Aesthetic, from origin: AestheticVersion.Origin, by model: StoredModel,
    deltas: [(delta: Delta, model: StoredModel)], notes: String
  ) throws(FileError) -> Profile {
    try write { database in
      let profile = try createProfile(name, notes: notes, database)
      _ = try add(aesthetic, from: origin, by: model, deltas: deltas, to: profile, database)
      return profile
    }
  }

  func add(
    _ aesthetic: Aesthetic, from origin: AestheticVersion.Origin, by model: StoredModel,
    deltas: [(delta: Delta, model: StoredModel)], to profile: Profile, _ database: Database
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
    let number = database.lastInsertedRowID
    for (delta, model) in deltas { try add(delta, of: model, to: number, database) }
    return version
  }

  /// All versions of the profile's aesthetic, oldest first.
  package func versions(_ profile: Profile) throws(FileError) -> [AestheticVersion] {
    try read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT aesthetic.*, fingerprint, kind, name, width FROM aesthetic JOIN model ON model.id = model
          WHERE profile = ? ORDER BY version
          """, arguments: [profile.id]
      ).map(version)
    }
  }

  /// One version of the profile's aesthetic; the latest where none is named.
  package func version(_ profile: Profile, _ number: Int?) throws(FileError) -> AestheticVersion {
    guard let number else { return try latestVersion(profile) }
    guard let version = try versions(profile).first(where: { $0.version == number }) else {
      throw FileError(.missing, path, "has no version \(number) of the profile \"\(profile.name)\"")
    }
    return version
  }

  /// The latest version of the profile's aesthetic: of all, or of those by `model`.
  package func latestVersion(_ profile: Profile, by model: StoredModel? = nil) throws(FileError) -> AestheticVersion {
    let versions = try versions(profile)
    if let found = versions.last(where: { model == nil || $0.model.fingerprint == model?.fingerprint }) { return found }
    guard let last = versions.last, let model else {
      throw FileError(
        .missing, path, "has nothing learned of the profile \"\(profile.name)\" yet",
        hint: "`aesgrad learn \(profile.name)` learns from its ratings")
    }
    throw FileError(
      .malformed, path,
      "has the profile \"\(profile.name)\" learned with the image encoder \(ByteString(last.model.name)) "
        + "(\(last.model.fingerprint)); that of \(ByteString(model.name)) is another (\(model.fingerprint))",
      hint: "name the CLIP model it was learned with, or `aesgrad profile rebuild \(profile.name)` under this one")
  }

  /// Puts aesthetics made again, by `model`, in place of the profile's `versions`, whose deltas go: all, or nothing.
  package func replace(
    _ versions: [(version: AestheticVersion, aesthetic: Aesthetic)], by model: StoredModel, of profile: Profile
  ) throws(FileError) {
    try write { database in
      let number = try number(of: model, database)
      for (version, aesthetic) in versions {
        precondition(aesthetic.width == model.width, "an aesthetic of \(aesthetic.width) features by \(model)")
        try database.execute(
          sql: "UPDATE aesthetic SET model = ?, vector = ?, made = ? WHERE id = ? AND profile = ?",
          arguments: [number, aesthetic.mean.data, Date.now.milliseconds, version.id, profile.id])
        try database.execute(sql: "DELETE FROM delta WHERE aesthetic = ?", arguments: [version.id])
      }
    }
  }

  private func version(_ row: Row) throws -> AestheticVersion {
    let model = try StoredModel(row)
    let vector: Data = try row.value("vector")
    guard let mean = Tensor(vector, shape: [model.width]), let aesthetic = Aesthetic(mean: mean) else {
      throw DamagedValue(column: "vector")
    }
    let origin = AestheticVersion.Origin(
      method: try row.value("method"), settings: try strings(row.value("settings")),
      lastRating: try row.value("last_rating"), ratingCount: try row.value("rating_count"))
    return AestheticVersion(
      id: try row.value("id"), version: try row.value("version"), model: model, origin: origin, aesthetic: aesthetic,
      made: Date(milliseconds: try row.value("made")))
  }

  /// Names and texts as a JSON object.
  func json(_ settings: [String: String]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(settings), as: UTF8.self)
  }

  /// The names and texts in a JSON object.
  func strings(_ json: String) throws(DamagedValue) -> [String: String] {
    do { return try JSONDecoder().decode([String: String].self, from: Data(json.utf8)) } catch {
      throw DamagedValue(column: "settings")
    }
  }
}
