public import Files
public import SystemPackage

/// Why bytes did not become a picture. The text continues a sentence that begins with the file: "is a text file, …".
public struct PictureError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was found and what was expected.
  public let problem: String
  /// The way out, if there is one worth naming.
  public let hint: String?

  init(_ problem: String, hint: String? = nil) {
    self.problem = problem
    self.hint = hint
  }

  static func damaged(_ format: PictureFormat, _ reason: String) -> PictureError {
    PictureError("is a damaged \(format.rawValue) picture: \(reason)")
  }

  static func endsTooEarly(_ format: PictureFormat) -> PictureError { damaged(format, "the file ends too early") }

  /// The problem.
  public var description: String { problem }

  /// The same about the file at `path`.
  public func about(_ path: FilePath) -> FileError { FileError(.malformed, path, problem, hint: hint) }
}
