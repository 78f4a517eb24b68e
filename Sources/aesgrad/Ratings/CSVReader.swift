import Files

/// Reads a table of comma-separated values (RFC 4180) row by row. Lines may end as on any system; fields in quotes may hold
/// commas, line ends, and quotes, which stand twice.
struct CSVReader {
  /// What is wrong, and on which line.
  struct Fault: Error {
    let line: Int
    let problem: String
  }

  private let bytes: [UInt8]
  private var position = 0
  private var line = 1

  /// A reader of the table in `bytes`.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The next row and the line that it begins on; nil after the last.
  mutating func next() throws(Fault) -> (fields: [ByteString], line: Int)? {
    guard position < bytes.count else { return nil }
    let start = line
    var fields: [ByteString] = []
    while true {
      fields.append(try field())
      guard position < bytes.count else { break }
      let separator = bytes[position]
      position += 1
      if separator == UInt8(ascii: ",") { continue }
      if separator == UInt8(ascii: "\r"), position < bytes.count, bytes[position] == UInt8(ascii: "\n") {
        position += 1
      }
      line += 1
      break
    }
    return (fields, start)
  }

  /// The next field; the position is then at what ends it.
  private mutating func field() throws(Fault) -> ByteString {
    let ends: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r")]
    let quote = UInt8(ascii: "\"")
    guard position < bytes.count, bytes[position] == quote else {
      let end = bytes[position...].firstIndex { ends.contains($0) } ?? bytes.count
      defer { position = end }
      guard !bytes[position..<end].contains(quote) else {
        throw Fault(line: line, problem: "has a quote within a field")
      }
      return ByteString(bytes[position..<end])
    }
    let start = line
    var text: [UInt8] = []
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\n") { line += 1 }
      guard byte == quote else {
        text.append(byte)
        continue
      }
      if position < bytes.count, bytes[position] == quote {
        text.append(quote)
        position += 1
      } else if position == bytes.count || ends.contains(bytes[position]) {
        return ByteString(text)
      } else {
        throw Fault(line: line, problem: "has text behind a field in quotes")
      }
    }
    throw Fault(line: start, problem: "has a quote that is never closed")
  }
}
