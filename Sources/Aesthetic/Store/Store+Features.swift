package import Files
import Foundation
import GRDB
package import SystemPackage
package import TensorKit

/// The ratings of a profile that count, with the features of the pictures that they are about.
package struct RatedFeatures: Sendable {
  /// The ratings; their rows are those of `sights`.
  package let judgements: [Judgement]
  /// The pictures' features, and what they look like as far as that is known.
  package let sights: Sights
  /// The pictures' hashes, in the order of the rows.
  package let pictures: [String]
  /// Raw image features, a row a picture.
  package var features: Tensor { sights.features }  // [n, D]
  /// The number of the last fact that was taken into account; 0 if there is none.
  package let lastRating: Int64
  /// The hashes of pictures that were left out, and what was said of them, since they have no features yet.
  package let missing: [String]
}

extension Store {
  /// The ratings of `profile` that count, with the features by `model`.
  ///
  /// With `through`, the ratings that counted when that fact was the last one.
  package func ratedFeatures(
    _ profile: Profile, by model: StoredModel, through: Int64? = nil
  ) throws(FileError) -> RatedFeatures {
    try read { database in
      let last = try Int64.fetchOne(
        database, sql: "SELECT max(id) FROM rating WHERE profile = ? AND id <= ?",
        arguments: [profile.id, through ?? .max])
      let standing = try Row.fetchAll(
        database, sql: Self.standing + " ORDER BY id", arguments: [profile.id, last ?? 0])
      var table = try FeatureTable(database, model, path: path)
      var judgements: [Judgement] = []
      for row in standing {
        let (picture, loser): (Int64, Int64?) = (try row.value("picture"), try row.optional("loser"))
        guard let place = try table.row(of: picture) else { continue }
        let other = try loser.flatMap { try table.row(of: $0) }
        guard let verdict = try Judgement.Verdict(row, loser: other) else { continue }
        judgements.append(Judgement(picture: place, verdict: verdict, weight: try row.value("weight")))
      }
      return RatedFeatures(
        judgements: judgements, sights: table.sights, pictures: try table.hashes(),
        lastRating: last ?? 0, missing: try table.missingHashes())
    }
  }

  /// What is known of the pictures with these hashes that have features by `model`: their places among the hashes, in
  /// rising order, and a row for each.
  package func sights(of hashes: [String], by model: StoredModel) throws(FileError) -> (places: [Int], sights: Sights) {
    try read { database in
      let statement = try database.makeStatement(sql: "SELECT id FROM picture WHERE sha256 = ?")
      var table = try FeatureTable(database, model, path: path)
      var places: [Int] = []
      for (place, hash) in hashes.enumerated() {
        guard let picture = try Int64.fetchOne(statement, arguments: [Data(hexadecimal: hash)]) else { continue }
        if try table.row(of: picture) == places.count { places.append(place) }
      }
      return (places, table.sights)
    }
  }

  /// The hashes of all pictures that have features by `model`.
  package func hashes(withFeaturesBy model: StoredModel) throws(FileError) -> Set<String> {
    try read { database in
      let hashes = try Data.fetchCursor(
        database,
        sql: """
          SELECT sha256 FROM picture WHERE EXISTS (
            SELECT 1 FROM feature JOIN model ON model.id = model WHERE feature.picture = picture.id AND fingerprint = ?)
          """, arguments: [model.fingerprint])
      var found: Set<String> = []
      while let hash = try hashes.next() { found.insert(hash.hexadecimal) }
      return found
    }
  }

  /// Keeps the features by `model`, [n, D], of the known pictures with these hashes.
  package func add(features: Tensor, of hashes: [String], by model: StoredModel) throws(FileError) {
    precondition(features.shape == [hashes.count, model.width], "features of shape \(features.shape)")
    try write { database in
      let number = try number(of: model, database)
      let statement = try database.makeStatement(
        sql: """
          INSERT OR IGNORE INTO feature (picture, model, vector) SELECT id, ?, ? FROM picture WHERE sha256 = ?
          """)
      for (row, hash) in hashes.enumerated() {
        try statement.execute(arguments: [number, features.rows(row..<row + 1).data, Data(hexadecimal: hash)])
      }
    }
  }

  /// The pictures that a profile has rated: hash, and where the file was last seen.
  package func ratedPictures(_ profile: Profile) throws(FileError) -> [(hash: String, path: FilePath)] {
    try read { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT sha256, path FROM picture
          WHERE id IN (SELECT picture FROM rating WHERE profile = ?1 UNION SELECT loser FROM rating WHERE profile = ?1)
          ORDER BY id
          """, arguments: [profile.id]
      ).map { row in
        let (hash, path): (Data, Data) = (try row.value("sha256"), try row.value("path"))
        return (hash.hexadecimal, FilePath(bytes: path))
      }
    }
  }
}

/// Features of pictures by one model, fetched as they are asked for, each once.
private struct FeatureTable {
  private let database: Database
  private let statement: Statement
  private let model: StoredModel
  private let path: FilePath
  private let modelNumber: Int64
  private var rows: [Int64: Int?] = [:]
  private var order: [Int64] = []
  private var elements = Data()
  private var appearances: [Appearance?] = []

  init(_ database: Database, _ model: StoredModel, path: FilePath) throws {
    (self.database, self.model, self.path) = (database, model, path)
    statement = try database.makeStatement(
      sql: """
        SELECT feature.vector, appearance.vector AS appearance FROM feature
        LEFT JOIN appearance ON appearance.picture = feature.picture WHERE feature.picture = ? AND model = ?
        """)
    modelNumber =
      try Int64.fetchOne(database, sql: "SELECT id FROM model WHERE fingerprint = ?", arguments: [model.fingerprint])
      ?? 0
  }

  /// The row of the picture with this number; nil if it has no features.
  mutating func row(of picture: Int64) throws -> Int? {
    if let known = rows[picture] { return known }
    guard let found = try Row.fetchOne(statement, arguments: [picture, modelNumber]) else {
      rows[picture] = .some(nil)
      return nil
    }
    let (vector, appearance): (Data, Data?) = (try found.value("vector"), try found.optional("appearance"))
    guard vector.count == 4 * model.width else {
      throw FileError(damaged: path, "a feature has \(vector.count) bytes, and \(4 * model.width) were expected")
    }
    if let appearance {
      guard let read = Appearance(appearance) else { throw DamagedValue(column: "vector of an appearance") }
      appearances.append(read)
    } else {
      appearances.append(nil)
    }
    elements.append(vector)
    rows[picture] = order.count
    order.append(picture)
    return order.count - 1
  }

  /// What is known of the pictures so far, a row each.
  var sights: Sights {
    let features = Tensor(elements, shape: [order.count, model.width]) ?? Tensor(zeros: [0, model.width])
    return Sights(features: features, appearances: appearances)
  }

  func hashes() throws -> [String] { try hashes(of: order) }

  func missingHashes() throws -> [String] { try hashes(of: rows.filter { $0.value == nil }.map(\.key).sorted()) }

  private func hashes(of pictures: [Int64]) throws -> [String] {
    let statement = try database.makeStatement(sql: "SELECT sha256 FROM picture WHERE id = ?")
    return try pictures.compactMap { try Data.fetchOne(statement, arguments: [$0])?.hexadecimal }
  }
}
