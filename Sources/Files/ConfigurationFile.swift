package import SystemPackage

/// A JSON file of a model folder: config.json, vocab.json and their like.
package struct ConfigurationFile: Sendable {
  /// Where it is.
  package let path: FilePath
  /// What it holds: an object, always.
  package let root: JSON

  /// Reads the file, whose value must be an object. Beyond `limit` bytes it is refused; no configuration comes near.
  package init(_ path: FilePath, limit: Int = 4 << 20) throws(FileError) {
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
  package init?(ifPresent path: FilePath) throws(FileError) {
    guard path.exists else { return nil }
    try self.init(path)
  }

  /// The member `name`, or nil.
  package subscript(name: ByteString) -> JSON? { root[name] }

  /// An error about this file.
  package func error(_ problem: String, hint: String? = nil) -> FileError {
    FileError(.malformed, path, problem, hint: hint)
  }
}

extension FilePath {
  /// Whether there is a regular file, also through a link.
  package var isFile: Bool { (try? stat())?.type == .regular }
  /// Whether there is a folder, also through a link.
  package var isFolder: Bool { (try? stat())?.type == .directory }
  /// Whether there is anything.
  package var exists: Bool { (try? stat()) != nil }
}

extension StringProtocol {
  /// Whether these are letters, digits, `-`, `_` and `.`, not beginning with a dot: so a name in a folder, never `..`.
  package var isPlainName: Bool {
    !isEmpty && !hasPrefix(".")
      && utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
      }
  }
}
