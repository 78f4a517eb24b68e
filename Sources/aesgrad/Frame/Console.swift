import Files
import Foundation
import Glibc
import SystemPackage

/// The terminal: results go to standard output, everything else to standard error.
enum Console {
  /// Nobody reads standard output any more, as with `aesgrad … | head -1`: reason to stop, not to complain.
  struct Closed: Error {}

  /// Writes one line, or several, to standard output.
  static func printLine(_ text: String) throws {
    var bytes = Array(text.utf8)
    if bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
    do {
      _ = try unsafe bytes.withUnsafeBytes { try unsafe FileDescriptor.standardOutput.writeAll($0) }
    } catch Errno.brokenPipe {
      throw Closed()
    } catch {
      throw FileError(.readWrite, "standard output", "cannot be written (\(error))")
    }
  }

  /// Writes one JSON object to standard output, its members in alphabetical order.
  static func printJSON(_ value: some Encodable) throws { try printLine(json(value)) }

  /// JSON on one line; numbers in as many digits as it takes to read them back unchanged.
  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// Writes a line to standard error. Where that fails there is nobody left to tell.
  static func note(_ line: String) { writeError(line + "\n") }

  /// Writes to standard error as it is.
  static func writeError(_ text: String) {
    let bytes = Array(text.utf8)
    _ = try? unsafe bytes.withUnsafeBytes { try unsafe FileDescriptor.standardError.writeAll($0) }
  }

  /// The width of the terminal behind standard error; nil where that is none, or one that cannot move its cursor.
  static var errorColumns: Int? {
    guard isatty(STDERR_FILENO) == 1, ProcessInfo.processInfo.environment["TERM"] != "dumb" else { return nil }
    var size = winsize()
    let known = unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return known ? Int(size.ws_col) : 80
  }
}

/// The number with so many decimal places, for people to read.
func rounded(_ value: some BinaryFloatingPoint, _ places: Int) -> String {
  String(format: "%.\(places)f", Double(value))
}
