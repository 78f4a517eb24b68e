/// What is wrong with a JSON text, and where.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public let problem: String
  /// The offset of the byte where it was noticed.
  public let offset: Int
  /// The problem and its place.
  public var description: String { "\(problem) (byte \(offset))" }
}

extension JSON {
  /// Reads a JSON text (RFC 8259), strictly: UTF-8 without a byte-order mark, white space around the value allowed, and
  /// nothing else; no name twice in an object (two readers could disagree on which counts), no lone surrogates, nesting
  /// to 128 levels.
  public init(parsing bytes: [UInt8]) throws(JSONError) {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw JSONError(problem: "not UTF-8", offset: 0)
    }
    var parser = Parser(bytes: bytes)
    self = try parser.document()
  }
}

private struct Parser {
  let bytes: [UInt8]
  var position = 0
  var depth = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws(JSONError) -> JSON {
    let value = try self.value()
    skipSpace()
    guard position == bytes.count else { throw fault("text after the end of the JSON value") }
    return value
  }

  private mutating func value() throws(JSONError) -> JSON {
    skipSpace()
    guard let byte = peek else { throw fault("the JSON text ends too early") }
    switch byte {
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["): return .array(try array())
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func object() throws(JSONError) -> JSONObject {
    try descend()
    var object = JSONObject()
    skipSpace()
    if take(UInt8(ascii: "}")) { return ascend(object) }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw fault("a name in quotes was expected") }
      let start = position
      let name = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw fault("':' was expected") }
      guard object.add(name, try value()) else {
        throw JSONError(problem: "the name \"\(name)\" stands twice", offset: start)
      }
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw fault("',' or '}' was expected") }
    return ascend(object)
  }

  private mutating func array() throws(JSONError) -> [JSON] {
    try descend()
    var array: [JSON] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return ascend(array) }
    repeat {
      array.append(try value())
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw fault("',' or ']' was expected") }
    return ascend(array)
  }

  private mutating func string() throws(JSONError) -> ByteString {
    position += 1
    let start = position
    while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
    if peek == UInt8(ascii: "\"") {
      position += 1
      return ByteString(bytes[start..<position - 1])
    }
    var text = Array(bytes[start..<position])
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return ByteString(text)
      case UInt8(ascii: "\\"): text += try escape()
      case ..<0x20: throw fault("a control character in a string")
      default: text.append(byte)
      }
    }
    throw fault("a string without an end")
  }

  private mutating func escape() throws(JSONError) -> [UInt8] {
    guard let byte = peek else { throw fault("a string without an end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [8]
    case UInt8(ascii: "f"): return [12]
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "u"): return Array(String(try escapedScalar()).utf8)
    default: throw fault("an unknown escape in a string")
    }
  }

  private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
    let first = try fourDigits()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
      throw fault("half a surrogate pair in a string")
    }
    let second = try fourDigits()
    guard (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw fault("half a surrogate pair in a string") }
    return scalar
  }

  private mutating func fourDigits() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw fault("four hexadecimal digits were expected")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private mutating func number() throws(JSONError) -> JSONNumber {
    let start = position
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits() }
    if take(UInt8(ascii: ".")) { try digits() }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits()
    }
    return JSONNumber(spelling: String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func digits() throws(JSONError) {
    let start = position
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    guard position > start else { throw fault("a JSON value was expected") }
  }

  private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    for byte in word.description.utf8 where !take(byte) { throw fault("a JSON value was expected") }
    return value
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    position += 1
    return true
  }

  private mutating func descend() throws(JSONError) {
    depth += 1
    position += 1
    guard depth <= 128 else { throw fault("nested more than 128 levels deep") }
  }

  private mutating func ascend<Value>(_ value: Value) -> Value {
    depth -= 1
    return value
  }

  private func fault(_ problem: String) -> JSONError { JSONError(problem: problem, offset: position) }
}
