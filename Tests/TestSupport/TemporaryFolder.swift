import Files
import Foundation
public import SystemPackage

/// Lends `body` an empty folder that is gone afterwards.
@discardableResult public func withTemporaryFolder<Result>(_ body: (FilePath) throws -> Result) throws -> Result {
  let url = FileManager.default.temporaryDirectory.appending(path: "aesgrad-test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: url) }
  return try body(FilePath(url.path))
}

/// Lends `body` a file of these bytes that is gone afterwards.
@discardableResult public func withFile<Result>(_ bytes: [UInt8], _ body: (FilePath) throws -> Result) throws -> Result
{
  try withTemporaryFolder { folder in
    let path = folder.appending("file")
    // Not synced: thousands of these are made.
    try Data(bytes).write(to: URL(filePath: path.string))
    return try body(path)
  }
}
