import Files
import Foundation
import GRDB
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("When the database cannot be used")
struct StoreFailureTests {
  private static let picture = EmbedTests.gallery + "/a.png"

  /// The program with `arguments`, started by a shell that prepares something first.
  private func run(_ shell: String, _ arguments: [String]) throws -> Program.Outcome {
    try Program.run(
      arguments,
      prepare: { process in
        let program = try #require(process.executableURL?.path)
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", shell + " && exec \"$0\" \"$@\"", program] + arguments
      })
  }

  private func expectSound(_ database: String) throws {
    let queue = try DatabaseQueue(path: database)
    let report = try queue.read { (database) throws in
      try String.fetchAll(database, sql: "PRAGMA integrity_check")
    }
    #expect(report == ["ok"])
  }

  @Test("It is another program's turn: exit code 75 once the patience has run out")
  func locked() throws {
    try withProfile { database, _ in
      let other = try DatabaseQueue(path: database)
      try other.writeWithoutTransaction { (connection) throws in
        try connection.execute(sql: "BEGIN IMMEDIATE")
        try Program.run(["rate", Self.picture, "--like", "--profile", "warm", "--db", database]).expectFailure(
          75, "\(database): is being changed by another program, which did not finish in time",
          hint: "try again when the other aesgrad is done")
        try connection.execute(sql: "COMMIT")
      }
      #expect(try history(database) == [])
    }
  }

  @Test("There is no room: one line, and everything as it was")
  func full() throws {
    try withProfile { database, _ in
      // In blocks of 512 or 1024 bytes, as the shell has it; the database is larger, so nothing may grow.
      let outcome = try run(
        "ulimit -f 20", ["rate", EmbedTests.gallery, "--like", "--profile", "warm", "--db", database])
      #expect(outcome.code == 74 && outcome.output == "" && outcome.errorLines.count == 1)
      #expect(outcome.errors.contains("nothing was changed"))
      try expectSound(database)
      #expect(try history(database) == [])
    }
  }

  @Test("A full disk: one line, and everything as it was", .enabled(if: geteuid() == 0))
  func fullDisk() throws {
    try withTemporaryFolder { folder in
      let disk = folder.appending("disk")
      try FileManager.default.createDirectory(atPath: disk.string, withIntermediateDirectories: true)
      // In a namespace of its own, so that nothing stays mounted.
      let script = """
        mount -t tmpfs -o size=700k none "$2" || exit 99
        "$0" profile create warm --db "$2/a.sqlite" > /dev/null || exit 98
        "$0" rate "$1" --like --profile warm --db "$2/a.sqlite"; code=$?
        "$0" profile history warm --json --db "$2/a.sqlite"; exit $code
        """
      let galleries = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        .appending("galleries")
      let outcome = try Program.run(
        [],
        prepare: { process in
          let program = try #require(process.executableURL?.path)
          process.executableURL = URL(filePath: "/usr/bin/unshare")
          process.arguments = ["-m", "/bin/sh", "-c", script, program, galleries.string, disk.string]
        })
      // Where mounting is not allowed, as in some containers, there is nothing to see.
      if [1, 99].contains(outcome.code) { return }
      #expect(outcome.code == 74 && outcome.output == "{\"history\":[]}\n")
      #expect(outcome.errorLines.count == 1 && outcome.errors.contains("nothing was changed"))
    }
  }

  @Test(
    "A disk that fills up while pictures are drawn: one line, and only whole pictures", .enabled(if: geteuid() == 0))
  func fullDiskWhileDrawing() throws {
    try withTemporaryFolder { folder in
      let disk = folder.appending("disk")
      try FileManager.default.createDirectory(atPath: disk.string, withIntermediateDirectories: true)
      // Room for some of eight pictures of 30 to 40 kB. Names of files are listed, and each read again.
      let script = """
        mount -t tmpfs -o size=100k none "$1" || exit 99
        XDG_DATA_HOME="$2" "$0" generate -p "a cat in neon colours" -b 8 --steps 2 -q -o "$1"; code=$?
        cd "$1"; for file in $(ls -A); do "$0" info "$file" > /dev/null && echo "$file"; done; exit $code
        """
      let outcome = try Program.run(
        [],
        prepare: { process in
          let program = try #require(process.executableURL?.path)
          process.executableURL = URL(filePath: "/usr/bin/unshare")
          process.arguments = [
            "-m", "/bin/sh", "-c", script, program, disk.string, folder.string,
          ]
        })
      // Where mounting is not allowed, as in some containers, there is nothing to see.
      if [1, 99].contains(outcome.code) { return }
      #expect(outcome.code == 74 && outcome.errorLines.count == 1, "\(outcome.errors)")
      #expect(outcome.errors.contains("No space left on device"), "\(outcome.errors)")
      let names = outcome.output.split(separator: "\n")
      #expect((1..<8).contains(names.count) && names.allSatisfy { $0.hasSuffix(".png") }, "\(names)")
    }
  }

  @Test("The folder is read-only, or not there")
  func readOnly() throws {
    try withProfile { database, folder in
      let missing = folder.appending("no/a.sqlite").string
      let outcome = try Program.run(["profile", "create", "x", "--db", missing])
      #expect(outcome.code == 73 && outcome.errors.hasPrefix("error: \(missing): cannot be opened or made"))
      guard geteuid() == 0 else { return }
      // To the superuser nothing is read-only, so the program runs as nobody.
      for path in [folder.string, database] {
        unsafe chmod(path, path == database ? 0o444 : 0o555)
      }
      let before = try InputFile(FilePath(database)).readAll(limit: 1 << 24)
      let nobody = try Program.run(
        [],
        prepare: { process in
          let program = try #require(process.executableURL?.path)
          process.executableURL = URL(filePath: "/usr/bin/setpriv")
          process.arguments =
            ["--reuid=65534", "--clear-groups", program, "rate", Self.picture, "--like", "--profile", "warm", "--db"]
            + [database]
        })
      // Where nobody may not even run the program, there is nothing to see.
      if nobody.code == 127 || nobody.code == 126 { return }
      #expect(nobody.code == 73 && nobody.output == "" && nobody.errors.contains("read-only"))
      #expect(try InputFile(FilePath(database)).readAll(limit: 1 << 24) == before)
    }
  }

  @Test("What is no database of ours is refused, with exit code 65; none at all with 66")
  func foreign() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("a.sqlite").string
      try Program.run(["profile", "list", "--db", path]).expectFailure(
        66, "\(path): there is no such database",
        hint: "`aesgrad profile create NAME` makes it, and a profile in it")
      try Data("text".utf8).write(to: URL(filePath: path))
      try Program.run(["profile", "list", "--db", path]).expectFailure(
        65, "\(path): is a text file; a database of aesgrad was expected")
    }
  }

  @Test("The place is --db, else $AESGRAD_DB, else the user's data folder, which is made for the user alone")
  func places() throws {
    try withTemporaryFolder { folder in
      func run(_ arguments: [String], _ variables: [String: String]) throws {
        #expect(try Program.run(["profile", "create", "x"] + arguments, environment: variables).code == 0)
      }
      func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.appending(name).string) }
      let variables = [
        "AESGRAD_DB": folder.appending("b.sqlite").string, "XDG_DATA_HOME": folder.appending("data").string,
        "HOME": folder.appending("home").string,
      ]
      try run(["--db", folder.appending("a.sqlite").string], variables)
      #expect(exists("a.sqlite") && !exists("b.sqlite"))
      try run([], variables)
      #expect(exists("b.sqlite") && !exists("data"))
      try run([], variables.merging(["AESGRAD_DB": ""]) { $1 })
      #expect(exists("data/aesgrad/aesgrad.sqlite"))
      let mode = try FileManager.default.attributesOfItem(atPath: folder.appending("data/aesgrad").string)
      #expect(mode[.posixPermissions] as? Int == 0o700)
      try run([], ["XDG_DATA_HOME": "relative", "HOME": folder.appending("home").string])
      #expect(exists("home/.local/share/aesgrad/aesgrad.sqlite"))
    }
  }
}
