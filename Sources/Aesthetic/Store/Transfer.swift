import Foundation
import GRDB
import TensorKit

/// Copies a profile with all that belongs to it from one database to another, or within one. Numbers are given anew there;
/// pictures and models that are known already, by hash and fingerprint, are not doubled.
struct Transfer {
  private let source: Database
  private let target: Database
  private let profile: Int64
  private var pictures = Numbers("picture")
  private var models = Numbers("model")
  private var ratings = Numbers("rating")
  private var aesthetics = Numbers("aesthetic")
  private var deltas = Numbers("delta")
  private var generations = Numbers("generation")

  /// The numbers of rows there by those here.
  private struct Numbers {
    private let table: String
    private var found: [Int64: Int64] = [:]

    init(_ table: String) { self.table = table }

    mutating func set(_ old: Int64, _ new: Int64) { found[old] = new }

    func callAsFunction(_ old: Int64) throws(DamagedValue) -> Int64 {
      guard let new = found[old] else { throw DamagedValue(column: "that names a \(table)") }
      return new
    }
  }

  /// Copies the profile with the number `profile` in `source` to the one with the number `new` in `target`, which is empty.
  static func copy(_ profile: Int64, from source: Database, to target: Database, as new: Int64) throws {
    var transfer = Transfer(profile, from: source, to: target)
    try transfer.copyModels()
    try transfer.copyPictures()
    try transfer.copyRatings(to: new)
    try transfer.copyAesthetics(to: new)
    try transfer.copyDeltas()
    try transfer.copyGenerations(to: new)
  }

  private init(_ profile: Int64, from source: Database, to target: Database) {
    (self.profile, self.source, self.target) = (profile, source, target)
  }

  /// Inserts the rows that `query` gives for the profile ?1 into `table`, each as `change` leaves it. The query's first
  /// column is the row's number here, and is not inserted.
  private func insert(
    _ query: String, into table: String, orFind find: String? = nil,
    change: (inout [String: DatabaseValue]) throws -> Void = { _ in },
    note: (_ old: Int64, _ new: Int64) throws -> Void = { _, _ in }
  ) throws {
    let rows = try Row.fetchCursor(source, sql: query, arguments: [profile])
    while let row = try rows.next() {
      let old: Int64 = try row.value("number")
      var values = Dictionary(row.map { ($0.0, $0.1) }) { first, _ in first }
      values["number"] = nil
      try change(&values)
      if let find,
        let known = try Int64.fetchOne(
          target, sql: "SELECT id FROM \(table) WHERE \(find) = ?", arguments: [values[find] ?? .null])
      {
        try note(old, known)
        continue
      }
      let names = values.keys.sorted()
      let statement = try target.cachedStatement(
        sql: """
          INSERT INTO \(table) (\(names.joined(separator: ", ")))
          VALUES (\(names.map { _ in "?" }.joined(separator: ", ")))
          """)
      try statement.execute(arguments: StatementArguments(names.map { values[$0] ?? .null }))
      try note(old, target.lastInsertedRowID)
    }
  }

  private mutating func copyModels() throws {
    var numbers = models
    try insert(
      """
      SELECT id AS number, fingerprint, kind, name, width FROM model WHERE ?1 IS NOT NULL
      """, into: "model", orFind: "fingerprint", note: { numbers.set($0, $1) })
    models = numbers
  }

  /// The pictures that the profile's ratings and generations speak of, with their features.
  private mutating func copyPictures() throws {
    var numbers = pictures
    let own = """
      SELECT picture FROM rating WHERE profile = ?1 AND picture IS NOT NULL
      UNION SELECT loser FROM rating WHERE profile = ?1 AND loser IS NOT NULL
      UNION SELECT p.picture FROM generated_picture AS p JOIN generation AS g ON g.id = p.generation WHERE profile = ?1
      """
    try insert(
      """
      SELECT id AS number, sha256, width, height, seen, path, settings, thumbnail FROM picture WHERE id IN (\(own))
      """, into: "picture", orFind: "sha256", note: { numbers.set($0, $1) })
    pictures = numbers
    // A feature that is there already stays; there can be no other of the same picture and model.
    let known = try Set(
      Row.fetchAll(target, sql: "SELECT picture, model FROM feature").map { row in
        try [row.value("picture") as Int64, row.value("model")]
      })
    let features = try Row.fetchCursor(
      source, sql: "SELECT picture, model, vector FROM feature WHERE picture IN (\(own))", arguments: [profile])
    let insert = try target.makeStatement(sql: "INSERT INTO feature (picture, model, vector) VALUES (?, ?, ?)")
    while let row = try features.next() {
      let (picture, model) = (try pictures(row.value("picture")), try models(row.value("model")))
      if known.contains([picture, model]) { continue }
      let vector: Data = try row.value("vector")
      guard let feature = Tensor(vector, shape: [vector.count / 4]), feature.isFinite(0..<feature.count) else {
        throw DamagedValue(column: "vector")
      }
      try insert.execute(arguments: [picture, model, vector])
    }
  }

  private mutating func copyRatings(to profile: Int64) throws {
    var numbers = ratings
    let pictures = pictures
    try insert(
      """
      SELECT id AS number, kind, picture, loser, stars, undone, weight, source, time FROM rating
      WHERE profile = ?1 ORDER BY id
      """, into: "rating"
    ) { values in
      values["profile"] = profile.databaseValue
      for name in ["picture", "loser"] { try Self.renumber(&values, name, pictures) }
      try Self.renumber(&values, "undone", numbers)
    } note: {
      numbers.set($0, $1)
    }
    ratings = numbers
  }

  private mutating func copyAesthetics(to profile: Int64) throws {
    var numbers = aesthetics
    let (ratings, models) = (ratings, models)
    try insert(
      """
      SELECT id AS number, version, model, method, settings, last_rating, rating_count, vector, made FROM aesthetic
      WHERE profile = ?1 ORDER BY version
      """, into: "aesthetic"
    ) { values in
      values["profile"] = profile.databaseValue
      try Self.renumber(&values, "model", models)
      if values["last_rating"] != 0.databaseValue { try Self.renumber(&values, "last_rating", ratings) }
    } note: {
      numbers.set($0, $1)
    }
    aesthetics = numbers
  }

  private mutating func copyDeltas() throws {
    var numbers = deltas
    let (aesthetics, models) = (aesthetics, models)
    let own = "SELECT id FROM aesthetic WHERE profile = ?1"
    try insert(
      "SELECT id AS number, aesthetic, model, settings, made FROM delta WHERE aesthetic IN (\(own)) ORDER BY id",
      into: "delta"
    ) { values in
      try Self.renumber(&values, "aesthetic", aesthetics)
      try Self.renumber(&values, "model", models)
    } note: {
      numbers.set($0, $1)
    }
    deltas = numbers
    try insert(
      """
      SELECT delta AS number, delta, name, shape, data FROM delta_tensor
      WHERE delta IN (SELECT id FROM delta WHERE aesthetic IN (\(own)))
      """, into: "delta_tensor"
    ) { values in try Self.renumber(&values, "delta", numbers) }
  }

  private mutating func copyGenerations(to profile: Int64) throws {
    var numbers = generations
    let pictures = pictures
    try insert(
      "SELECT id AS number, prompt, settings, time FROM generation WHERE profile = ?1 ORDER BY id", into: "generation"
    ) { values in
      values["profile"] = profile.databaseValue
    } note: {
      numbers.set($0, $1)
    }
    generations = numbers
    try insert(
      """
      SELECT generation AS number, generation, place, picture FROM generated_picture
      WHERE generation IN (SELECT id FROM generation WHERE profile = ?1)
      """, into: "generated_picture"
    ) { values in
      try Self.renumber(&values, "generation", numbers)
      try Self.renumber(&values, "picture", pictures)
    }
  }

  /// Replaces the number of a row here by that of the same row there.
  private static func renumber(_ values: inout [String: DatabaseValue], _ name: String, _ numbers: Numbers) throws {
    guard let value = values[name], !value.isNull else { return }
    guard let old = Int64.fromDatabaseValue(value) else { throw DamagedValue(column: name) }
    values[name] = try numbers(old).databaseValue
  }
}
