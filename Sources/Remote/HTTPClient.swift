import Files

/// Asks a server, one question a connection. Redirects are not followed, and answers have an end.
package struct HTTPClient: Sendable {
  package let address: ServerAddress
  /// How many seconds a server may be silent before it has begun to work on a question, and while it works.
  private let patience: (short: Double, long: Double)
  /// The longest answer, in bytes.
  private let limit: Int
  /// Called again and again while waiting; what it throws ends the wait.
  private let check: @Sendable () throws -> Void

  private static let longestHeader = 1 << 16

  /// A client; see the properties.
  package init(
    _ address: ServerAddress, patience: (short: Double, long: Double) = (30, 3600), limit: Int = 1 << 28,
    check: @escaping @Sendable () throws -> Void = {}
  ) {
    (self.address, self.patience, self.limit, self.check) = (address, patience, limit, check)
  }

  /// What the server has at `path`, which begins with a slash.
  package func get(_ path: String) throws -> [UInt8] { try answer("GET", path, []) }

  /// What the server answers to `json` at `path`. It may take its time.
  package func post(_ path: String, json: [UInt8]) throws -> [UInt8] { try answer("POST", path, json) }

  /// The body of an answer that says that all is well.
  private func answer(_ method: String, _ path: String, _ body: [UInt8]) throws -> [UInt8] {
    let connection = try Connection(address, patience: patience.short, check: check)
    var lines = [
      "\(method) \(address.base)\(path) HTTP/1.1", "Host: \(address.authority)", "Accept: */*", "Connection: close",
      "User-Agent: aesgrad",
    ]
    if let credentials = address.credentials { lines.append("Authorization: Basic \(credentials)") }
    if method == "POST" { lines += ["Content-Type: application/json", "Content-Length: \(body.count)"] }
    try connection.send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body, patience: patience.short)

    var bytes: [UInt8] = []
    var head: HTTPHead?
    while true {
      let more = try connection.receive(patience: method == "POST" ? patience.long : patience.short)
      bytes += more
      if head == nil, let end = bytes.endOfHead {
        head = try HTTPHead(Array(bytes[..<end]), address)
        bytes.removeSubrange(..<(end + 4))
      }
      guard head != nil || bytes.count <= Self.longestHeader else {
        throw fault("answers with a header without an end")
      }
      guard bytes.count <= limit else { throw fault("answers with more than \(limit >> 20) MB") }
      if more.isEmpty { break }
      if let length = head?.length, bytes.count >= length { break }
    }
    guard let head else { throw fault("ended the connection without an answer") }
    let whole = try head.body(bytes, fault)
    try head.checkStatus(whole, fault)
    return whole
  }

  /// A failure of the server.
  func fault(_ problem: String, hint: String? = nil) -> FileError {
    FileError(.readWrite, address.path, problem, hint: hint)
  }
}

extension [UInt8] {
  /// Where the empty line behind a head begins.
  fileprivate var endOfHead: Int? {
    var position = 0
    while let line = self[position...].firstIndex(of: 13) {
      if self[line...].starts(with: [13, 10, 13, 10]) { return line }
      position = line + 1
    }
    return nil
  }
}
