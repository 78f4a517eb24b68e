import Files
import SystemPackage

/// The files of one kind in a folder and the folders in it, by their names without ending, as AUTOMATIC1111 and ComfyUI
/// find them.
struct NamedFiles {
  private let what: String
  private let folder: FilePath
  private let files: [(name: ByteString, path: FilePath)]

  /// Folders are followed so far down.
  private static let deepest = 8

  /// The files in `folder` with one of these `endings`; `what` calls them in errors, such as "LoRA".
  init(_ what: String, in folder: FilePath, endings: Set<String>) throws(FileError) {
    self.what = what
    self.folder = folder
    var files: [(ByteString, FilePath)] = []
    var folders = [(folder, 0)]
    while let (next, depth) = folders.popLast() {
      for entry in try Folder.entries(of: next) {
        if entry.isFolder {
          if depth < Self.deepest { folders.append((entry, depth + 1)) }
        } else if endings.contains(entry.extension ?? ""), let stem = entry.stem {
          files.append((ByteString(stem), entry))
        }
      }
    }
    self.files = files.sorted { ($0.0, $0.1.printable) < ($1.0, $1.1.printable) }
  }

  /// The file called `name`, with or without its ending.
  func find(_ name: String) throws(FileError) -> FilePath {
    let found = files.filter { $0.name == ByteString(name) || $0.path.lastComponent?.string == name }
    if found.count > 1 {
      throw FileError(
        .malformed, folder, "has two files for the \(what) \"\(ByteString(name))\"",
        hint: "name one of them in full: \(found[0].path.printable), \(found[1].path.printable)")
    }
    guard let file = found.first else {
      let others = files.prefix(5).map(\.name.description).joined(separator: ", ")
      throw FileError(
        .missing, folder, "has no \(what) \"\(ByteString(name))\"",
        hint: files.isEmpty ? "there is none in it" : "it has " + others + (files.count > 5 ? ", …" : ""))
    }
    return file.path
  }

  /// Those whose names stand as words in `texts`, whatever the case.
  func mentioned(in texts: [String]) -> [FilePath] {
    let texts = texts.map { $0.lowercased() }
    return files.filter { file in
      file.name.string.map { name in texts.contains { $0.hasWord(name.lowercased()) } } ?? false
    }.map(\.path)
  }
}

extension String {
  /// Whether `word` stands here, with neither letters nor digits, hyphens or underscores beside it.
  fileprivate func hasWord(_ word: String) -> Bool {
    func isPart(_ character: Character?) -> Bool {
      character.map { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" } ?? false
    }
    var start = startIndex
    while let found = self[start...].firstRange(of: word) {
      let after = found.upperBound < endIndex ? self[found.upperBound] : nil
      if !isPart(self[..<found.lowerBound].last), !isPart(after) { return true }
      start = index(after: found.lowerBound)
    }
    return false
  }
}
