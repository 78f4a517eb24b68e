import Files
import SystemPackage

/// A JSON file of a model folder: config.json, vocab.json and their like.
struct ConfigurationFile {
  /// Where it is.
  let path: FilePath
  /// What it holds: an object, always.
  let root: JSON

  /// Reads the file, whose value must be an object. Beyond `limit` bytes it is refused; no configuration comes near.
  init(_ path: FilePath, limit: Int = 4 << 20) throws(FileError) {
    let bytes = try InputFile(path).readAll(limit: limit)
    do {
      root = try JSON(parsing: bytes)
    } catch {
      throw FileError(.malformed, path, "is not valid JSON: \(error)")
    }
    guard root.object != nil else { throw FileError(.malformed, path, "is JSON, but not an object") }
    self.path = path
  }

  /// The file, or nil where there is none.
  init?(ifPresent path: FilePath) throws(FileError) {
    guard path.exists else { return nil }
    try self.init(path)
  }

  /// The member `name`, or nil.
  subscript(name: ByteString) -> JSON? { root[name] }

  /// An error about this file.
  func error(_ problem: String, hint: String? = nil) -> FileError { FileError(.malformed, path, problem, hint: hint) }
}

extension FilePath {
  /// Whether there is a regular file, also through a link.
  var isFile: Bool { (try? stat())?.type == .regular }
  /// Whether there is a folder, also through a link.
  var isFolder: Bool { (try? stat())?.type == .directory }
  /// Whether there is anything.
  var exists: Bool { (try? stat()) != nil }
}
