import Files
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite struct OutputFiles {
  private struct Stop: Error {}

  @Test("a file appears whole, and nothing beside it") func whole() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("out")
      try OutputFile.write(to: path, replacing: false) { file in
        #expect(file.path == path)
        try file.append([1, 2])
        #expect(!FileManager.default.fileExists(atPath: path.string))
        try file.append([3])
      }
      try expectBytes(path, [1, 2, 3])
      try expectNames(folder, ["out"])
    }
  }

  @Test("an existing file is refused before anything is done") func existing() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("out")
      try OutputFile.write([1], to: path, replacing: false)
      let error = #expect(throws: FileError.self) {
        try OutputFile.write(to: path, replacing: false) { _ in Issue.record("the body ran") }
      }
      #expect(error == FileError(.cannotCreate, path, "exists already", hint: "--force replaces it"))
      try expectBytes(path, [1])
    }
  }

  @Test("a file that appears meanwhile is not overwritten") func race() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("out")
      #expect(throws: FileError.self) {
        try OutputFile.write(to: path, replacing: false) { file in
          try file.append([1])
          try Data([2]).write(to: URL(filePath: path.string))
        }
      }
      try expectBytes(path, [2])
      try expectNames(folder, ["out"])
    }
  }

  @Test("a body that throws leaves nothing, and an older file as it was", arguments: [false, true])
  func failure(replacing: Bool) throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("out")
      if replacing { try OutputFile.write([9], to: path, replacing: false) }
      #expect(throws: Stop.self) {
        try OutputFile.write(to: path, replacing: replacing) { file in
          try file.append([1])
          throw Stop()
        }
      }
      try expectNames(folder, replacing ? ["out"] : [])
      if replacing { try expectBytes(path, [9]) }
    }
  }

  @Test("an older file is replaced when asked for") func replacing() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("out")
      try OutputFile.write([1, 2, 3], to: path, replacing: true)
      try OutputFile.write([4], to: path, replacing: true)
      try expectBytes(path, [4])
      try expectNames(folder, ["out"])
    }
  }

  @Test("a folder in the place of the file is refused", arguments: [false, true])
  func folder(replacing: Bool) throws {
    try withTemporaryFolder { folder in
      #expect(throws: FileError(.cannotCreate, folder, "is a folder")) {
        try OutputFile.write([1], to: folder, replacing: replacing)
      }
    }
  }

  @Test("a file in a folder that does not exist cannot be created") func noFolder() throws {
    try withTemporaryFolder { folder in
      let error = #expect(throws: FileError.self) {
        try OutputFile.write([1], to: folder.appending("none/out"), replacing: false)
      }
      #expect(error?.kind == .cannotCreate)
    }
  }

  @Test("more than the disk has left is refused before it is written") func room() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("out")
      let error = #expect(throws: FileError.self) {
        try OutputFile.write(to: path, replacing: false) { file in try file.checkRoom(for: Int.max) }
      }
      #expect(error?.problem.hasPrefix("needs \(Int.max) bytes, the disk has ") == true)
      try expectNames(folder, [])
      try OutputFile.write(to: path, replacing: false) { file in try file.checkRoom(for: 1) }
    }
  }

  // In a process of its own, since the limit holds for all of a process.
  @Test("writing that fails on the way leaves nothing, and an older file as it was") func limit() async {
    await #expect(processExitsWith: .success) {
      signal(SIGXFSZ, SIG_IGN)
      try withTemporaryFolder { folder in
        let path = folder.appending("out")
        try OutputFile.write([9], to: path, replacing: false)
        var small = rlimit(rlim_cur: 4096, rlim_max: 4096)
        try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &small) == 0)
        var failure: FileError?
        do {
          try OutputFile.write(Array(repeating: 1, count: 5000), to: path, replacing: true)
        } catch let error as FileError {
          failure = error
        }
        guard failure?.kind == .readWrite, failure?.problem == "cannot be written (File too large)",
          try contents(of: folder) == ["out"], try InputFile(path).readAll(limit: 9) == [9]
        else { exit(EXIT_FAILURE) }
      }
    }
  }
}
