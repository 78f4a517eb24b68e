import Files
import GRDB
import SystemPackage

extension FileError {
  /// What went wrong with the database at `path`, for its owner to read.
  init(database error: any Error, _ path: FilePath) {
    switch error {
    case let error as FileError: self = error
    case let error as DatabaseError: self.init(error, path)
    case let error as DamagedValue: self.init(damaged: path, "a value in a column \(error.column) is of another type")
    default: self.init(.readWrite, path, "cannot be used (\(error))")
    }
  }

  /// A database whose bytes are not what was written.
  init(damaged path: FilePath, _ details: String) {
    self.init(
      .malformed, path, "is damaged: \(details)",
      hint: "take it back from a backup; or `sqlite3 \(path.printable) .recover` saves what can be read")
  }

  private init(_ error: DatabaseError, _ path: FilePath) {
    let reason = "SQLite: \(error.message ?? error.resultCode.description)"
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(
        .busy, path, "is being changed by another program, which did not finish in time",
        hint: "try again when the other aesgrad is done")
    case .SQLITE_NOTADB: self.init(.malformed, path, "is no SQLite database, or damaged at its beginning")
    case .SQLITE_CORRUPT: self.init(damaged: path, reason)
    case .SQLITE_FULL: self.init(.readWrite, path, "cannot grow: the disk is full; nothing was changed")
    case .SQLITE_READONLY: self.init(.cannotCreate, path, "cannot be written: the file or its folder is read-only")
    case .SQLITE_CANTOPEN:
      self.init(
        .cannotCreate, path, "cannot be opened or made (\(reason))", hint: "its folder must be there, and writable")
    case .SQLITE_IOERR: self.init(.readWrite, path, "cannot be read or written (\(reason)); nothing was changed")
    default: self.init(.readWrite, path, "cannot be used (\(reason))")
    }
  }
}
