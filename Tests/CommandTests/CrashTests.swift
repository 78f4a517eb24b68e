import Aesthetic
import Files
import Foundation
import GRDB
import SystemPackage
import TestSupport
import Testing

/// The program killed at every call that changes a file, one after the other (`Fixtures/kill.c`). `AESGRAD_CRASH=1` takes
/// every call of each command, and larger work; otherwise some are left out.
@Suite("Being killed", .serialized, .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/cc")))
struct CrashTests {
  private static let isThorough = environment("AESGRAD_CRASH") != nil

  /// How a run that was to be killed ended, and what it left.
  private struct Outcome {
    let isKilled: Bool
    let isAcknowledged: Bool
    let call: Int
  }

  /// Runs the program with `arguments` on a fresh copy of `folder` for every call that it makes, killed there; `check` is
  /// given what each left. The last run is the one that ends by itself. Returns how many times it was killed.
  private func sweep(
    _ arguments: (FilePath) -> [String], on folder: FilePath, step: Int, torn: Bool,
    _ check: (FilePath, Outcome) throws -> Void
  ) throws -> Int {
    let library = folder.appending("kill.so").string
    let work = folder.appending("work")
    var (call, kills) = (1, 0)
    while true {
      try? FileManager.default.removeItem(atPath: work.string)
      try FileManager.default.copyItem(atPath: folder.appending("before").string, toPath: work.string)
      var variables = ["LD_PRELOAD": library, "AESGRAD_KILL_AT": "\(call)"]
      if torn { variables["AESGRAD_KILL_TORN"] = "1" }
      let run = try Program.run(arguments(work), environment: variables)
      let isKilled = run.code == -SIGKILL
      #expect(isKilled || run.code == 0, "call \(call): \(run.code) \(run.errors)")
      try check(work, Outcome(isKilled: isKilled, isAcknowledged: run.output != "", call: call))
      if !isKilled { return kills }
      kills += 1
      call += step
    }
  }

  /// A folder with `before`, in which a database has the profile `warm` with two ratings, and the built library.
  private func withDatabase(_ body: (FilePath, _ model: String) throws -> Void) throws {
    try withModelFolder { model, folder in
      try FileManager.default.createDirectory(
        atPath: folder.appending("before").string, withIntermediateDirectories: true)
      let database = folder.appending("before/a.sqlite").string
      let compiler = Process()
      compiler.executableURL = URL(filePath: "/usr/bin/cc")
      compiler.arguments = [
        "-shared", "-fPIC", "-O1", "-o", folder.appending("kill.so").string, fixture("kill.c"), "-ldl",
      ]
      try compiler.run()
      compiler.waitUntilExit()
      try #require(compiler.terminationStatus == 0)
      for arguments in [
        ["profile", "create", "warm", "--db", database],
        [
          "rate", EmbedTests.gallery + "/a.png", EmbedTests.gallery + "/b.jpg", "--like", "--profile", "warm", "--db",
          database,
        ],
      ] {
        try #require(Program.run(arguments).code == 0)
      }
      try body(folder, model)
    }
  }

  /// Opens the database in `folder` as the program does, after which SQLite must find no fault in it. Returns the profile
  /// called `name`.
  private func opened(_ folder: FilePath, _ name: String = "warm") throws -> (Store, Profile?) {
    let path = folder.appending("a.sqlite")
    let store = try Store(path)
    let queue = try DatabaseQueue(path: path.string)
    let report = try queue.read { (database) throws in
      try String.fetchAll(database, sql: "PRAGMA integrity_check")
        + Row.fetchAll(database, sql: "PRAGMA foreign_key_check").map { "\($0)" }
    }
    #expect(report == ["ok"])
    return (store, try store.profiles().first { $0.name == name })
  }

  @Test("A batch of ratings is there whole or not at all, and is there once that was said", arguments: [false, true])
  func rating(torn: Bool) throws {
    try withDatabase { folder, _ in
      let names = Self.isThorough ? EmbedTests.names : Array(EmbedTests.names[1...])
      let lines =
        ["picture,kind,value,over"] + names.map { "\(EmbedTests.gallery)/\($0),stars,3," }
        + ["\(EmbedTests.gallery)/c.png,prefer,,\(EmbedTests.gallery)/d.png"]
      let list = folder.appending("ratings.csv")
      try OutputFile.write(Array(lines.joined(separator: "\n").utf8), to: list, replacing: false)
      let kills = try sweep(
        { ["rate", "--profile", "warm", "--from", list.string, "--db", $0.appending("a.sqlite").string] }, on: folder,
        step: Self.isThorough ? 1 : 2, torn: torn
      ) { work, outcome in
        let (store, warm) = try opened(work)
        let count = try store.history(#require(warm)).count
        #expect(count == 2 + lines.count - 1 || count == 2 && !outcome.isAcknowledged, "call \(outcome.call): \(count)")
      }
      #expect(kills > 10)
      print("rating, \(torn ? "torn" : "whole") writes: killed \(kills) times")
    }
  }

  @Test("learn leaves the old version, or the new one with its delta", arguments: [false, true])
  func learning(torn: Bool) throws {
    try withDatabase { folder, model in
      let kills = try sweep(
        {
          [
            "learn", "warm", "--clip", model, "-m", model, "--steps", "1", "-p", "a cat", "--db",
            $0.appending("a.sqlite").string,
          ]
        }, on: folder, step: Self.isThorough ? 1 : 3, torn: torn
      ) { work, outcome in
        let (store, warm) = try opened(work)
        let profile = try #require(warm)
        #expect(try store.history(profile).count == 2)
        let (versions, deltas) = (try store.versions(profile), try store.deltas(profile))
        #expect(
          versions.count == deltas.count && (versions.count == 1 || !outcome.isAcknowledged), "call \(outcome.call)")
        for delta in deltas { _ = try store.delta(delta) }
      }
      #expect(kills > 10)
      print("learn, \(torn ? "torn" : "whole") writes: killed \(kills) times")
    }
  }

  @Test("An imported profile is there whole or not at all; so is an exported file", arguments: [false, true])
  func moving(torn: Bool) throws {
    try withDatabase { folder, _ in
      let database = folder.appending("before/a.sqlite").string
      let file = folder.appending("warm.aesgrad")
      try #require(Program.run(["profile", "export", "warm", "-o", file.string, "--db", database]).code == 0)
      let step = Self.isThorough ? 1 : 3
      let imports = try sweep(
        { ["profile", "import", file.string, "--name", "two", "--db", $0.appending("a.sqlite").string] }, on: folder,
        step: step, torn: torn
      ) { work, outcome in
        let (store, two) = try opened(work, "two")
        #expect(two != nil || !outcome.isAcknowledged, "call \(outcome.call)")
        if let two { #expect(try store.history(two).count == 2) }
      }
      let exports = try sweep(
        { ["profile", "export", "warm", "-o", $0.appending("w").string, "--db", $0.appending("a.sqlite").string] },
        on: folder, step: step, torn: torn
      ) { work, outcome in
        _ = try opened(work)
        let out = work.appending("w")
        guard FileManager.default.fileExists(atPath: out.string) else { return #expect(!outcome.isAcknowledged) }
        try Store(work.appending("b.sqlite"), creating: true).importProfile(from: out)
      }
      #expect(imports > 10 && exports > 10)
      print("import and export, \(torn ? "torn" : "whole") writes: killed \(imports) and \(exports) times")
    }
  }
}
