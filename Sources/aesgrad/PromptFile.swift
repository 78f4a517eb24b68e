import Files
import SystemPackage

/// A text file with a prompt on each line.
enum PromptFile {
  /// The lines that are not empty; at least one.
  static func read(_ path: FilePath) throws(FileError) -> [String] {
    let text = String(validating: try InputFile(path).readAll(limit: 1 << 24), as: UTF8.self)
    guard let text else { throw FileError(.malformed, path, "is not UTF-8 text; a prompt on each line was expected") }
    let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }.map(String.init)
    guard !lines.isEmpty else { throw FileError(.malformed, path, "is empty; a prompt on each line was expected") }
    return lines
  }
}
