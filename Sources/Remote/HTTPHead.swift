import Files

/// The first lines of an answer.
struct HTTPHead {
  let status: Int
  private let fields: [String: String]

  init(_ bytes: [UInt8], _ address: ServerAddress) throws(FileError) {
    let lines = String(decoding: bytes, as: UTF8.self).unicodeScalars.split(separator: "\n").map { String($0) }
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1].prefix(3)) else {
      throw FileError(.readWrite, address.path, "does not speak HTTP")
    }
    self.status = status
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].drop { $0.isWhitespace }
      fields[line[..<colon].lowercased()] = String(value.reversed().drop { $0.isWhitespace }.reversed())
    }
    self.fields = fields
  }

  /// How long the body is, if that was said.
  var length: Int? { fields["content-length"].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil } }

  /// The body of which `bytes` were received.
  func body(_ bytes: [UInt8], _ fault: (String, String?) -> FileError) throws(FileError) -> [UInt8] {
    if fields["transfer-encoding"]?.lowercased() == "chunked" { return try Self.joined(bytes, fault) }
    guard let length else { return bytes }
    guard bytes.count >= length else { throw fault("ended its answer after \(bytes.count) of \(length) bytes", nil) }
    return Array(bytes.prefix(length))
  }

  /// The pieces of a body, each behind a line with its length in hexadecimal digits.
  private static func joined(
    _ bytes: [UInt8], _ fault: (String, String?) -> FileError
  ) throws(FileError) -> [UInt8] {
    var body: [UInt8] = []
    var position = 0
    while let end = bytes[position...].firstIndex(of: 13) {
      let digits = bytes[position..<end].prefix { $0 != UInt8(ascii: ";") }
      guard let length = Int(String(decoding: digits, as: UTF8.self), radix: 16), length >= 0,
        length <= bytes.count - end
      else { break }
      if length == 0 { return body }
      guard end + 2 + length + 2 <= bytes.count else { break }
      body += bytes[(end + 2)..<(end + 2 + length)]
      position = end + 2 + length + 2
    }
    throw fault("ended its answer in the middle of it", nil)
  }

  /// Throws if the answer is no success, with what the server says about it.
  func checkStatus(_ body: [UInt8], _ fault: (String, String?) -> FileError) throws(FileError) {
    switch status {
    case 200..<300: return
    case 300..<400:
      let target = fields["location"].map { " to " + ByteString($0).description } ?? ""
      throw fault("redirects\(target), which is not followed", "name that address if it is the right one")
    case 401, 403: throw fault("wants a name and a password (\(status))", "http://name:password@host:port has both")
    case 404:
      throw fault("has nothing at that place (404)", "AUTOMATIC1111's web interface has its API only with --api")
    default:
      let said = Self.message(body).map { ": " + $0 } ?? ""
      throw fault("answers with the error \(status)\(said)", nil)
    }
  }

  /// What an error's body says, on one line.
  private static func message(_ body: [UInt8]) -> String? {
    guard let json = try? JSON(parsing: body) else { return nil }
    let texts = ["error", "detail", "errors", "message"].compactMap { name -> ByteString? in
      let value = json[ByteString(name)]
      return value?.string ?? value?["message"]?.string
    }.filter { !$0.bytes.isEmpty }
    return texts.first?.description
  }
}
