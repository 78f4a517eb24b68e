package import Files
import GRDB
package import SystemPackage

/// Everything that is kept about people's tastes: one SQLite file, which several programs may use at once.
///
/// What was acknowledged stays: every change is one transaction, synced to disk before it returns, and a process killed at
/// any moment leaves the state before a change or after it. Waiting for another program ends after `patience` seconds.
package struct Store: Sendable {
  /// The database's file.
  package let path: FilePath
  private let queue: DatabaseQueue

  /// How long to wait for another program's change, in seconds.
  package static let patience = 10.0

  /// Opens the database at `path`. One that is not there yet is made if `creating`.
  ///
  /// A file that is no database of ours, or that a newer version has made, is refused and left as it is.
  package init(_ path: FilePath, creating: Bool = false, patience: Double = Self.patience) throws(FileError) {
    try self.init(path, creating: creating, patience: patience, migrations: Schema.migrations)
  }

  /// The same with other steps than those there are.
  package init(
    _ path: FilePath, creating: Bool, patience: Double = Self.patience, migrations: [Migration]
  ) throws(FileError) {
    let isNew = try Self.checkFile(path, creating: creating)
    self.path = path
    let connection = Connection(path: path, patience: patience)
    if !isNew { try connection.inspect(migrations).close(path) }
    // Where the file system cannot have a log, as on some network disks, SQLite keeps its rollback journal.
    queue = try connection.open(journal: "WAL")
    try migrate(migrations)
  }

  /// A database in the empty file at `path` that is written once and leaves no other file beside it.
  init(newExport path: FilePath) throws(FileError) {
    self.path = path
    queue = try Connection(path: path, patience: Self.patience).open(journal: "MEMORY")
    try migrate(Schema.migrations)
  }

  /// The database at `path` for reading only.
  init(reading path: FilePath) throws(FileError) {
    guard try !Self.checkFile(path, creating: false) else {
      throw FileError(.malformed, path, "is an empty file; an exported profile was expected")
    }
    self.path = path
    queue = try Connection(path: path, patience: Self.patience).inspect(Schema.migrations)
  }

  /// Closes the file, which is complete afterwards.
  func close() throws(FileError) { try queue.close(path) }

  /// Looks at the file without SQLite, which would take an empty file for a new database and wait for a pipe. Returns
  /// whether there is nothing in it yet.
  private static func checkFile(_ path: FilePath, creating: Bool) throws(FileError) -> Bool {
    guard (try? path.stat()) != nil else {
      guard creating else {
        throw FileError(
          .missing, path, "there is no such database",
          hint: "`aesgrad profile create NAME` makes it, and a profile in it")
      }
      return true
    }
    let file = try InputFile(path)
    if file.count == 0 { return true }
    let start = try file.read(at: 0, count: min(file.count, ContentKind.sampleLength))
    guard start.starts(with: "SQLite format 3\0".utf8) else {
      throw FileError(
        .malformed, path, "is \(ContentKind.describe(start) ?? "no database"); a database of aesgrad was expected")
    }
    return false
  }

  /// Brings the layout up to date, in one transaction.
  private func migrate(_ migrations: [Migration]) throws(FileError) {
    let pending = try read { database in
      let applied = try Connection.appliedMigrations(database)
      return migrations.filter { !applied.contains($0.name) }
    }
    guard !pending.isEmpty else { return }
    if pending.count < migrations.count, let first = pending.first(where: \.rewrites) { try backUp(before: first) }
    // Another process may have been faster, so it is looked again at what is pending.
    try write { database in try Schema.take(migrations, in: database) }
  }

  /// Keeps a copy beside the database, unless a copy of that name is there already.
  private func backUp(before migration: Migration) throws(FileError) {
    let name = (path.lastComponent?.string ?? "") + " before " + migration.name
    let copy = path.removingLastComponent().appending(name)
    guard (try? copy.stat()) == nil else { return }
    try whileMapping {
      try queue.writeWithoutTransaction { database in
        try database.execute(sql: "VACUUM INTO ?", arguments: [copy.string])
      }
    }
  }

  /// Calls `body` with a consistent view of the database.
  func read<Result>(_ body: (Database) throws -> Result) throws(FileError) -> Result {
    try whileMapping { try queue.read(body) }
  }

  /// Calls `body`, whose changes happen together or, if it throws, not at all; they are on disk when this returns.
  func write<Result>(_ body: (Database) throws -> Result) throws(FileError) -> Result {
    try whileMapping { try queue.write(body) }
  }

  /// The same with errors as they come.
  func transaction<Result>(_ body: (Database) throws -> Result) throws -> Result { try queue.write(body) }

  private func whileMapping<Result>(_ body: () throws -> Result) throws(FileError) -> Result {
    do { return try body() } catch { throw FileError(database: error, path) }
  }
}

extension DatabaseQueue {
  /// Closes the database at `path`.
  fileprivate func close(_ path: FilePath) throws(FileError) {
    do { try close() } catch { throw FileError(database: error, path) }
  }
}
