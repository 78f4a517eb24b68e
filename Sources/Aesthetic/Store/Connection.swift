import Files
import Foundation
import GRDB
import SystemPackage

/// How a database is opened: with the settings that make its promises hold.
struct Connection {
  let path: FilePath
  /// How long to wait for another program, in seconds.
  let patience: Double

  /// Opens the database for reading and writing, with this kind of journal.
  func open(journal: String) throws(FileError) -> DatabaseQueue {
    var configuration = configuration
    configuration.prepareDatabase { database in
      // The page size counts only before anything is written; SQLite passes it over afterwards.
      try database.execute(sql: "PRAGMA page_size = \(Schema.pageSize)")
      _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = \(journal)")
      try database.execute(sql: "PRAGMA synchronous = FULL")
    }
    return try open(configuration)
  }

  /// Opens a database of another program, only for reading.
  func openForeign() throws(FileError) -> DatabaseQueue {
    var configuration = configuration
    configuration.readonly = true
    return try open(configuration)
  }

  /// Opens the database for reading; an error if it is not a sound one of ours, of a version that is known. Changes nothing.
  func inspect(_ migrations: [Migration]) throws(FileError) -> DatabaseQueue {
    var configuration = configuration
    configuration.readonly = true
    let queue = try open(configuration)
    do {
      try queue.read { database in
        try checkOwner(database)
        let unknown = try Self.appliedMigrations(database).subtracting(migrations.map(\.name))
        if let newer = unknown.max() {
          throw FileError(
            .malformed, path, "was made by a newer aesgrad: its layout \"\(ByteString(newer))\" is not known here",
            hint: "use the newer aesgrad with it")
        }
        try checkSoundness(database)
      }
      return queue
    } catch { throw FileError(database: error, path) }
  }

  /// The names of the steps that have been taken.
  static func appliedMigrations(_ database: Database) throws -> Set<String> {
    // GRDB's own `tableExists` remembers what was so before another process made the table.
    guard try Self.hasTable("migration", database) else { return [] }
    return try Set(String.fetchAll(database, sql: "SELECT name FROM migration"))
  }

  private static func hasTable(_ name: String, _ database: Database) throws -> Bool {
    try Int.fetchOne(database, sql: "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", arguments: [name])
      != nil
  }

  private func checkOwner(_ database: Database) throws {
    let owner = try Int32.fetchOne(database, sql: "PRAGMA application_id")
    if owner == Schema.applicationID { return }
    // A process that was killed while it made the database leaves one without an owner and without tables.
    let isEmpty = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") == 0
    guard owner == 0, isEmpty else {
      throw FileError(.malformed, path, "is a SQLite database of another program; one of aesgrad was expected")
    }
  }

  /// A file that was cut short answers queries without an error where whole pages are missing, so its size is compared
  /// with what its header says. Pages that were overwritten show in the tables of what cannot be made again.
  private func checkSoundness(_ database: Database) throws {
    let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
    let size = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
    let log = try? FilePath(path.string + "-wal").stat().size
    // What is in the log need not be in the file yet.
    if log ?? 0 == 0, let found = try? path.stat().size, found < pages * size {
      throw FileError(damaged: path, "its file has \(found) bytes, and \(pages * size) were expected")
    }
    // Values are checked when they are written, and when a foreign file is imported.
    try database.execute(sql: "PRAGMA ignore_check_constraints = ON")
    for table in ["profile", "rating"] where try Self.hasTable(table, database) {
      let report = try String.fetchOne(database, sql: "PRAGMA quick_check('\(table)')") ?? "ok"
      if report != "ok" { throw FileError(damaged: path, "\(ByteString(report))") }
    }
  }

  private var configuration: Configuration {
    var configuration = Configuration()
    configuration.busyMode = .timeout(patience)
    configuration.label = "aesgrad"
    configuration.prepareDatabase { database in
      // Whoever made the file, nothing that stands in its layout may do more than SQL.
      // Thirty-two megabytes hold the ratings and indexes of a large store.
      try database.execute(
        sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -32000")
    }
    return configuration
  }

  private func open(_ configuration: Configuration) throws(FileError) -> DatabaseQueue {
    // SQLite takes text, and gives some names that are no path, such as `file:…`, a meaning of their own.
    let name = path.isRelative ? "./" + path.string : path.string
    guard FilePath(path.string) == path else {
      throw FileError(.cannotCreate, path, "cannot be the database: its name is not UTF-8")
    }
    do {
      return try DatabaseQueue(path: name, configuration: configuration)
    } catch { throw FileError(database: error, path) }
  }
}
