import Files
import Foundation
import Raster
import SystemPackage

/// The built program, run as from a shell, with one database and the model that ships.
struct Aesgrad {
  let program: FilePath
  let database: FilePath

  /// Runs a command to its end; what it prints is returned.
  @discardableResult func run(_ arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = URL(filePath: program.string)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      .filter { !["AESGRAD_MODEL", "AESGRAD_CLIP"].contains($0.key) }
      .merging(["AESGRAD_DB": database.string]) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw FileError(.readWrite, program, "failed at \(arguments.joined(separator: " "))")
    }
    return output
  }

  /// Pictures of `prompt` with the seeds from 1 on, in `folder`. Those that an earlier run has left there are not made again.
  func pictures(of prompt: String, count: Int, _ options: [String], in folder: FilePath) throws -> [FilePath] {
    func made() -> [FilePath] {
      ((try? Folder.entries(of: folder)) ?? []).filter { $0.extension == "png" }.sorted { $0.string < $1.string }
    }
    if made().count != count {
      try? FileManager.default.removeItem(atPath: folder.string)
      try run(["generate", "-p", prompt, "-s", "1", "-b", "\(count)", "-o", folder.string, "-q"] + options)
    }
    return made()
  }
}
