public import SystemPackage

/// A failure that concerns one file and that its owner can act on.
///
/// The text reads `path: problem`, on one line; `hint` says the way out where there is one. What a file holds is never
/// trusted, so names taken from it are escaped before they are put in here (`ByteString.description`).
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of failure it is; the command line turns it into an exit code.
  public enum Kind: Hashable, Sendable {
    /// There is no such file or folder, or nothing usable in it.
    case missing
    /// The file is there, but its contents are not what was expected.
    case malformed
    /// The output cannot be made there.
    case cannotCreate
    /// Reading or writing failed on the way.
    case readWrite
    /// Another program is using it; trying again later may help.
    case busy
  }

  /// What kind of failure it is.
  public let kind: Kind
  /// The file or folder.
  public let path: FilePath
  /// What is wrong with it: what was found and what was expected.
  public let problem: String
  /// The way out, if there is one worth naming.
  public let hint: String?

  /// An error about `path`.
  public init(_ kind: Kind, _ path: FilePath, _ problem: String, hint: String? = nil) {
    self.kind = kind
    self.path = path
    self.problem = problem
    self.hint = hint
  }

  /// `path: problem`, on one line.
  public var description: String { "\(path.printable): \(problem)" }
}

extension FilePath {
  /// The path for people to read: control characters and bytes that are not UTF-8 are escaped.
  public var printable: String { unsafe withPlatformString { unsafe ByteString(cString: $0).description } }
}
