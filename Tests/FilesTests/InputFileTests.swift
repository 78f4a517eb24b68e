import Files
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite struct InputFiles {
  @Test("any part of a file is read") func reading() throws {
    try withFile([1, 2, 3, 4, 5]) { path in
      let file = try InputFile(path)
      #expect(file.count == 5)
      expectEqual(try file.read(at: 1, count: 3), [2, 3, 4])
      expectEqual(try file.read(at: 5, count: 0), [])
      expectEqual(try file.readAll(limit: 5), [1, 2, 3, 4, 5])
    }
  }

  @Test(
    "what is not in the file is refused without reading",
    arguments: [
      (0, 6), (5, 1), (6, 0), (-1, 1), (0, -1), (Int.max, Int.max), (1, Int.max),
    ])
  func beyond(offset: Int, count: Int) throws {
    try withFile([1, 2, 3, 4, 5]) { path in
      let file = try InputFile(path)
      let error = #expect(throws: FileError.self) { try file.read(at: offset, count: count) }
      #expect(error?.kind == .malformed)
      #expect(error?.problem.hasPrefix("ends too early") == true)
    }
  }

  @Test("a file over the limit is refused") func limit() throws {
    try withFile([1, 2, 3]) { path in
      let error = #expect(throws: FileError.self) { try InputFile(path).readAll(limit: 2) }
      #expect(error?.problem == "is 3 bytes long; at most 2 were expected")
    }
  }

  @Test("an empty file is read") func empty() throws {
    try withFile([]) { path in try expectBytes(path, []) }
  }

  @Test("a file that does not exist is missing") func missing() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("none\n")
      let error = #expect(throws: FileError.self) { try InputFile(path) }
      #expect(error?.kind == .missing)
      #expect(error?.description.hasSuffix(#"/none\x0a: there is no such file"#) == true)
      #expect(throws: FileError.self) { try InputFile(path.appending("below")) }
    }
  }

  @Test("a folder, a pipe and a device are refused without waiting") func others() throws {
    try withTemporaryFolder { folder in
      #expect(throws: FileError(.malformed, folder, "is a folder, not a file")) { try InputFile(folder) }
      let pipe = folder.appending("pipe")
      #expect(unsafe mkfifo(pipe.string, 0o600) == 0)
      #expect(throws: FileError(.malformed, pipe, "is not a regular file")) { try InputFile(pipe) }
      #expect(throws: FileError(.malformed, "/dev/zero", "is not a regular file")) { try InputFile("/dev/zero") }
    }
  }

  @Test("a link is followed, a circle of links is refused") func links() throws {
    try withTemporaryFolder { folder in
      let (target, link, circle) = (folder.appending("target"), folder.appending("link"), folder.appending("circle"))
      try OutputFile.write([7], to: target, replacing: false)
      try FileManager.default.createSymbolicLink(atPath: link.string, withDestinationPath: "target")
      try FileManager.default.createSymbolicLink(atPath: circle.string, withDestinationPath: "circle")
      try expectBytes(link, [7])
      #expect(throws: FileError.self) { try InputFile(circle) }
    }
  }

  @Test("a file that becomes shorter gives an error, not a crash") func shrinking() throws {
    try withFile(Array(repeating: 1, count: 10_000)) { path in
      let file = try InputFile(path)
      let descriptor = try FileDescriptor.open(path, .writeOnly)
      try descriptor.resize(to: 100)
      try descriptor.close()
      let error = #expect(throws: FileError.self) { try file.read(at: 0, count: 10_000) }
      #expect(error?.kind == .readWrite)
      #expect(error?.problem == "became shorter while it was read")
    }
  }
}
