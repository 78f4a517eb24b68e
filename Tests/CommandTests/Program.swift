import Files
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

/// The built program, run as from a shell.
struct Program {
  /// What a run gave.
  struct Outcome {
    let code: Int32
    let output: String
    let errors: String
    /// The lines on standard error.
    var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
  }

  /// Runs the program with `arguments` to its end. `prepare` may change what it starts with, `meanwhile` is called once
  /// it runs.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], prepare: (Process) throws -> Void = { _ in },
    meanwhile: (Process) throws -> Void = { _ in }
  ) throws -> Outcome {
    try withTemporaryFolder { folder in
      // Into files, not pipes: nobody has to read two pipes at a time.
      let output = URL(filePath: folder.appending("output").string)
      let errors = URL(filePath: folder.appending("errors").string)
      for url in [output, errors] { try Data().write(to: url) }
      let process = Process()
      process.executableURL = try executable
      process.arguments = arguments
      process.environment = ["COLUMNS": "80", "HOME": folder.string, "PATH": "/usr/bin:/bin"].merging(environment) {
        $1
      }
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = try FileHandle(forWritingTo: output)
      process.standardError = try FileHandle(forWritingTo: errors)
      try prepare(process)
      try process.run()
      try meanwhile(process)
      process.waitUntilExit()
      return Outcome(
        code: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
        output: try String(contentsOf: output, encoding: .utf8), errors: try String(contentsOf: errors, encoding: .utf8)
      )
    }
  }

  /// Returns once `process` catches this signal, and a moment later, when its work has begun. On a machine that is busy a
  /// program may take longer to start than any fixed time.
  static func waitUntilCaught(_ signal: Int32, by process: Process) throws {
    for _ in 0..<6000 {
      let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
      let caught = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }?.split(separator: "\t").last
      if (caught.flatMap { UInt64($0, radix: 16) } ?? 0) & (1 << UInt64(signal - 1)) != 0 {
        usleep(300_000)
        return
      }
      usleep(10_000)
    }
    throw FileError(.busy, FilePath("/proc/\(process.processIdentifier)"), "did not start within a minute")
  }

  /// The program stands beside the tests.
  static var executable: URL {
    get throws {
      let folder = try #require(Bundle.main.executableURL).deletingLastPathComponent()
      let url = folder.appending(path: "aesgrad")
      try #require(FileManager.default.isExecutableFile(atPath: url.path), "aesgrad is not built in \(folder.path)")
      return url
    }
  }
}

/// The path of a file in this folder's `Fixtures`.
func fixture(_ name: String) -> String {
  URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures").appending(path: name).path
}

extension Program.Outcome {
  /// Checks that the run failed as everything here fails: nothing on standard output, one line that says why, perhaps
  /// one that says the way out.
  func expectFailure(
    _ code: Int32, _ line: String, hint: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(self.code == code, sourceLocation: sourceLocation)
    #expect(output == "", sourceLocation: sourceLocation)
    #expect(
      errorLines == ["error: " + line] + (hint.map { ["  hint: " + $0] } ?? []), sourceLocation: sourceLocation)
  }
}
