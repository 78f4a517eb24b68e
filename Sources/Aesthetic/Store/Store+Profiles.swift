package import Files
import Foundation
import GRDB

extension Store {
  /// All profiles, in the order of their names.
  package func profiles() throws(FileError) -> [Profile] {
    try read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM profile ORDER BY name").map { row in try Profile(row) }
    }
  }

  /// The profile called `name`.
  package func profile(_ name: ProfileName) throws(FileError) -> Profile {
    let found = try read { database in
      try Row.fetchOne(database, sql: "SELECT * FROM profile WHERE name = ?", arguments: [name.description])
        .map { row in try Profile(row) }
    }
    guard let found else {
      throw FileError(
        .missing, path, "has no profile \"\(name)\"",
        hint: "`aesgrad profile list` shows those there are, `aesgrad profile create` makes one")
    }
    return found
  }

  /// Makes a profile.
  @discardableResult package func createProfile(_ name: ProfileName, notes: String = "") throws(FileError) -> Profile {
    try write { database in try createProfile(name, notes: notes, database) }
  }

  func createProfile(_ name: ProfileName, notes: String, _ database: Database) throws -> Profile {
    try checkFree(name, database)
    let made = Date.now.storable
    try database.execute(
      sql: "INSERT INTO profile (name, notes, made) VALUES (?, ?, ?)",
      arguments: [name.description, notes, made.milliseconds])
    return Profile(id: database.lastInsertedRowID, name: name.description, notes: notes, made: made)
  }

  /// Gives `profile` another name.
  package func rename(_ profile: Profile, to name: ProfileName) throws(FileError) {
    try write { database in
      try checkFree(name, database)
      try database.execute(
        sql: "UPDATE profile SET name = ? WHERE id = ?", arguments: [name.description, profile.id])
    }
  }

  /// Deletes `profile` with its ratings and all that came of them, and the pictures that only it has rated.
  package func delete(_ profile: Profile) throws(FileError) {
    try write { database in
      try database.execute(sql: "DELETE FROM profile WHERE id = ?", arguments: [profile.id])
      try database.execute(
        sql: """
          DELETE FROM picture WHERE NOT EXISTS (SELECT 1 FROM rating WHERE rating.picture = picture.id)
            AND NOT EXISTS (SELECT 1 FROM rating WHERE rating.loser = picture.id)
            AND NOT EXISTS (SELECT 1 FROM generated_picture AS g WHERE g.picture = picture.id)
          """)
    }
  }

  private func checkFree(_ name: ProfileName, _ database: Database) throws {
    let taken = try Bool.fetchOne(
      database, sql: "SELECT EXISTS (SELECT 1 FROM profile WHERE name = ?)", arguments: [name.description])
    if taken == true {
      throw FileError(.cannotCreate, path, "has a profile \"\(name)\" already", hint: "choose another name")
    }
  }
}

extension Profile {
  init(_ row: Row) throws {
    self.init(
      id: try row.value("id"), name: try row.value("name"), notes: try row.value("notes"),
      made: Date(milliseconds: try row.value("made")))
  }
}

extension Date {
  /// Milliseconds since 1970 in UTC, as the database has them.
  var milliseconds: Int64 { Int64((timeIntervalSince1970 * 1000).rounded()) }

  init(milliseconds: Int64) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }

  /// The same as it comes back from the database.
  var storable: Date { Date(milliseconds: milliseconds) }
}
