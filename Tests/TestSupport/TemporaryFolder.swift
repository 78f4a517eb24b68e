import Files
import Foundation
public import SystemPackage

/// Lends `body` an empty folder that is gone afterwards.
public func withTemporaryFolder<Result>(_ body: (FilePath) throws -> Result) throws -> Result {
  let url = FileManager.default.temporaryDirectory.appending(path: "aesgrad-test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: url) }
  return try body(FilePath(url.path))
}
