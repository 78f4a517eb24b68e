package import Files
import Foundation
import GRDB
package import SystemPackage

extension Store {
  /// Makes a profile called `name` with all that `profile` has: its history, what was learned, the deltas.
  package func copy(_ profile: Profile, as name: ProfileName) throws(FileError) {
    try write { database in
      let copy = try createProfile(name, notes: profile.notes, database)
      try Transfer.copy(profile.id, from: database, to: database, as: copy.id)
    }
  }

  /// Writes `profile` with all that it has into the empty file at `path`, a database of its own that needs nothing beside
  /// it.
  package func export(_ profile: Profile, to path: FilePath) throws(FileError) {
    let file = try Store(newExport: path)
    try read { source in
      try file.write { target in
        try target.execute(
          sql: "INSERT INTO profile (name, notes, made) VALUES (?, ?, ?)",
          arguments: [profile.name, profile.notes, profile.made.milliseconds])
        try Transfer.copy(profile.id, from: source, to: target, as: target.lastInsertedRowID)
      }
    }
    try file.close()
  }

  /// Takes over the profile in a file that `export` has written: all of it, or nothing. It is called `name`, or as it was.
  ///
  /// The file is foreign, so its layout must be exactly ours, every value of its column's type, and every row that is named
  /// there.
  @discardableResult package func importProfile(
    from path: FilePath, as name: ProfileName? = nil
  ) throws(FileError) -> Profile {
    let file = try Store(reading: path)
    let profile = try file.exportedProfile()
    guard let name = name ?? ProfileName(profile.name) else {
      throw FileError(.malformed, path, "holds a profile without a proper name", hint: "--name gives it one")
    }
    // What is read here is checked; nothing that cannot be read is taken over.
    _ = try file.versions(profile)
    for delta in try file.deltas(profile) { _ = try file.delta(delta) }
    return try file.read { source in
      do {
        return try transaction { target in
          let copy = try createProfile(name, notes: profile.notes, target)
          try target.execute(
            sql: "UPDATE profile SET made = ? WHERE id = ?", arguments: [profile.made.milliseconds, copy.id])
          try Transfer.copy(profile.id, from: source, to: target, as: copy.id)
          return copy
        }
      } catch let error as DatabaseError {
        switch error.resultCode {
        case .SQLITE_CONSTRAINT:
          let reason = ByteString(error.message ?? "a constraint failed")
          throw FileError(.malformed, path, "holds what no profile does (\(reason))")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: throw error
        default: throw FileError(database: error, self.path)
        }
      }
    }
  }

  /// The only profile in this database, whose tables and contents must be as `export` makes them, or as it made them before
  /// the layout's later steps.
  private func exportedProfile() throws(FileError) -> Profile {
    try read { database in
      guard try Self.knownLayouts().contains(Self.layout(database)) else {
        throw FileError(.malformed, path, "has another layout than an exported profile")
      }
      try database.execute(sql: "PRAGMA ignore_check_constraints = OFF")
      let report = try String.fetchOne(database, sql: "PRAGMA quick_check") ?? "ok"
      if report != "ok" { throw FileError(damaged: path, ByteString(report).description) }
      let profiles = try Row.fetchAll(database, sql: "SELECT * FROM profile").map { row in try Profile(row) }
      guard profiles.count == 1, let profile = profiles.first else {
        throw FileError(
          .malformed, path, "holds \(profiles.count) profiles; one was expected",
          hint: "`aesgrad profile export` writes one profile to a file")
      }
      return profile
    }
  }

  /// The layouts after each of our steps.
  private static func knownLayouts() throws -> [[[DatabaseValue]]] {
    let empty = try DatabaseQueue()
    return try Schema.migrations.map { step in
      try empty.write { database in
        try Schema.take([step], in: database)
        return try layout(database)
      }
    }
  }

  /// All tables, indexes and triggers, as they were made.
  private static func layout(_ database: Database) throws -> [[DatabaseValue]] {
    try Row.fetchAll(database, sql: "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
      .map { Array($0.databaseValues) }
  }
}
