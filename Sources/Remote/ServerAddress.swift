package import Files
import Foundation
package import SystemPackage

/// Where a server is, as a person has typed it: `http://127.0.0.1:7860`, also with a path, and with `name:password@`.
package struct ServerAddress: Sendable, Hashable {
  let host: String
  let port: UInt16
  /// What stands before the paths of requests, without a slash at its end.
  let base: String
  /// Name and password, as the header `Authorization` has them.
  let credentials: String?

  /// Host and port, as requests have them.
  var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
  /// The address as errors call it, without the password; a path cannot hold two slashes.
  package var path: FilePath { FilePath(authority + base) }

  /// The address that `text` is.
  package init(_ text: String) throws(FileError) {
    func fault(_ problem: String, hint: String? = nil) -> FileError {
      FileError(.malformed, FilePath(text), problem, hint: hint)
    }
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(), let host = parts.host,
      !host.isEmpty
    else { throw fault("is no address of a server; one such as http://127.0.0.1:7860 was expected") }
    if scheme == "https" {
      throw fault(
        "cannot be reached: only http is spoken here",
        hint: "an SSH tunnel (ssh -L 7860:localhost:7860 host) makes it http://127.0.0.1:7860")
    }
    guard scheme == "http" else { throw fault("has the scheme \(ByteString(scheme)); http was expected") }
    guard parts.query == nil, parts.fragment == nil else {
      throw fault("has more behind the path than an address needs")
    }
    guard let port = UInt16(exactly: parts.port ?? 80), port > 0 else { throw fault("has a port that cannot be") }
    // What goes into a line of the request may not end it.
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw fault("holds characters that no address has") }
    self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    self.port = port
    base = String(parts.percentEncodedPath.reversed().drop { $0 == "/" }.reversed())
    credentials = parts.user.map { Data("\($0):\(parts.password ?? "")".utf8).base64EncodedString() }
  }
}
