import Aesthetic
import Files
import Foundation
import GRDB
import SystemPackage
import TestSupport
import Testing

@Suite("Opening a store")
struct StoreOpeningTests {
  /// Lends `body` the file of a store that has been filled and closed.
  private func withClosedStore(_ body: (FilePath) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("a.sqlite")
      try fill(path)
      #expect(try contents(of: folder) == ["a.sqlite"])
      try body(path)
    }
  }

  private func fill(_ path: FilePath) throws {
    let store = try Store(path, creating: true)
    try StoreFixture.fill(store, store.createProfile(StoreFixture.name("warm")))
  }

  /// Expects that `path` is refused as `kind` with a text that contains `words`, and left as it is.
  private func expectRefused(
    _ path: FilePath, _ kind: FileError.Kind, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try StoreFixture.bytes(path)
    let error = #expect(throws: FileError.self, sourceLocation: sourceLocation) { try Store(path) }
    #expect(error?.kind == kind && error?.path == path, sourceLocation: sourceLocation)
    #expect(error?.problem.contains(words) == true, "\(error?.problem ?? "")", sourceLocation: sourceLocation)
    #expect(try StoreFixture.bytes(path) == before, sourceLocation: sourceLocation)
  }

  @Test("A new one is synced fully, keeps a log, and says whose it is")
  func new() throws {
    try withClosedStore { path in
      let queue = try DatabaseQueue(path: path.string)
      try queue.read { (database) throws in
        #expect(try String.fetchOne(database, sql: "PRAGMA journal_mode") == "wal")
        #expect(try Int.fetchOne(database, sql: "PRAGMA application_id") == 0x6165_7367)
        #expect(try Int.fetchOne(database, sql: "PRAGMA page_size") == 16384)
        #expect(try String.fetchAll(database, sql: "PRAGMA integrity_check") == ["ok"])
      }
    }
  }

  @Test("There must be one, unless one is to be made; an empty file is as good as none")
  func missing() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("a.sqlite")
      #expect(throws: FileError.self) { try Store(path) }
      #expect(try contents(of: folder) == [])
      try OutputFile.write([], to: path, replacing: false)
      #expect(try Store(path).profiles() == [])
      let error = #expect(throws: FileError.self) { try Store(folder.appending("no/a.sqlite"), creating: true) }
      #expect(error?.kind == .cannotCreate)
    }
  }

  @Test("Files of other kinds and other programs are refused and left alone")
  func foreign() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("a.sqlite")
      try OutputFile.write(Array("a text\n".utf8), to: path, replacing: true)
      try expectRefused(path, .malformed, "is a text file; a database of aesgrad was expected")
      try OutputFile.write(Array("SQLite format 3\0 and then something else".utf8), to: path, replacing: true)
      try expectRefused(path, .malformed, "is no SQLite database, or damaged at its beginning")
      for sql in ["CREATE TABLE x (y)", "PRAGMA application_id = 5"] {
        try FileManager.default.removeItem(atPath: path.string)
        try StoreFixture.execute(sql, on: path)
        try expectRefused(path, .malformed, "is a SQLite database of another program")
      }
    }
  }

  @Test("A newer layout is refused before anything is touched")
  func newer() throws {
    try withClosedStore { path in
      try StoreFixture.execute("INSERT INTO migration (name) VALUES ('2 later')", on: path)
      try expectRefused(path, .malformed, "was made by a newer aesgrad: its layout \"2 later\" is not known here")
    }
  }

  @Test("A file that was cut short or written over is found out")
  func damaged() throws {
    try withClosedStore { path in
      let whole = try StoreFixture.bytes(path)
      for length in stride(from: 1, to: whole.count / 16384, by: 1) {
        try OutputFile.write(Array(whole[..<(length * 16384)]), to: path, replacing: true)
        try expectRefused(path, .malformed, "is damaged")
      }
      // The root pages of `rating` and `profile`, and the layout itself.
      for page in try rootPages(whole, near: path, of: ["rating", "profile", "rating_profile"]) + [1] {
        var spoilt = whole
        let start = (page - 1) * 16384 + (page == 1 ? 100 : 0)
        for place in start..<page * 16384 { spoilt[place] = 0x58 }
        try OutputFile.write(spoilt, to: path, replacing: true)
        try expectRefused(path, .malformed, "is damaged")
      }
    }
  }

  private func rootPages(_ bytes: [UInt8], near path: FilePath, of tables: [String]) throws -> [Int] {
    try OutputFile.write(bytes, to: path, replacing: true)
    let queue = try DatabaseQueue(path: path.string)
    defer { try? queue.close() }
    return try queue.read { database in
      try tables.map { table in
        try #require(
          try Int.fetchOne(database, sql: "SELECT rootpage FROM sqlite_master WHERE name = ?", arguments: [table]))
      }
    }
  }

  @Test("Damage in what can be made again is an error of what reads it, never a crash")
  func damagedElsewhere() throws {
    try withClosedStore { path in
      let whole = try StoreFixture.bytes(path)
      for page in 2...whole.count / 16384 {
        for filler: UInt8 in [0, 0x58, 0xFF] {
          var spoilt = whole
          for place in (page - 1) * 16384..<page * 16384 { spoilt[place] = filler }
          try OutputFile.write(spoilt, to: path, replacing: true)
          _ = try? readAll(path)
        }
      }
    }
  }

  private func readAll(_ path: FilePath) throws {
    let store = try Store(path)
    for profile in try store.profiles() {
      _ = try? store.history(profile)
      _ = try? store.ratingCounts(profile)
      _ = try? store.ratedFeatures(profile, by: StoreFixture.model)
      _ = try? store.ratedPictures(profile)
      _ = try? store.versions(profile)
      for delta in (try? store.deltas(profile)) ?? [] { _ = try? store.delta(delta) }
      _ = try? store.pictures([StoreFixture.picture(0).hash])
    }
  }

  @Test("Another program's change is waited for, but not forever")
  func locked() throws {
    try withClosedStore { path in
      let other = try DatabaseQueue(path: path.string)
      try other.writeWithoutTransaction { database in
        try database.execute(sql: "BEGIN EXCLUSIVE")
        let store = try Store(path, patience: 0.2)
        let clock = ContinuousClock()
        let start = clock.now
        let error = #expect(throws: FileError.self) { try store.createProfile(StoreFixture.name("ink")) }
        #expect(error?.kind == .busy && clock.now - start >= .milliseconds(190))
        try database.execute(sql: "COMMIT")
        try store.createProfile(StoreFixture.name("ink"))
      }
    }
  }

  @Test("New steps are taken once, in one transaction, and a copy is kept before what is there is rewritten")
  func migrations() throws {
    struct Failure: Error {}
    try withClosedStore { path in
      let bad = Migration(name: "2 bad", rewrites: false) { database in
        try database.execute(sql: "CREATE TABLE half (x)")
        throw Failure()
      }
      #expect(throws: FileError.self) { try Store(path, creating: false, migrations: Schema.migrations + [bad]) }
      let good = Migration(name: "2 good", rewrites: true) { database in
        try database.execute(sql: "CREATE TABLE half (x); UPDATE profile SET notes = 'rewritten'")
      }
      let later = try Store(path, creating: false, migrations: Schema.migrations + [good])
      #expect(try later.profiles().map(\.notes) == ["rewritten"])
      _ = try Store(path, creating: false, migrations: Schema.migrations + [good])
      let copy = path.removingLastComponent().appending("a.sqlite before 2 good")
      #expect(try Store(copy).profiles().map(\.notes) == [""])
    }
  }

  @Test("Many that start at once make one store")
  func firstStarts() async throws {
    for _ in 0..<20 {
      let folder = FileManager.default.temporaryDirectory.appending(path: "aesgrad-test-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let path = FilePath(folder.path).appending("a.sqlite")
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<4 {
          group.addTask {
            #expect(throws: Never.self) {
              try Store(path, creating: true).createProfile(StoreFixture.name("\(number)"))
            }
          }
        }
      }
      #expect(try Store(path).profiles().map(\.name) == ["0", "1", "2", "3"])
    }
  }
}
