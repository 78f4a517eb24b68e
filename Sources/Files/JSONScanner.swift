/// Reads a JSON text (RFC 8259) value by value, without building a tree.
///
/// Strict: UTF-8 without a byte-order mark, white space around values allowed, and nothing else; no lone surrogates,
/// nesting to 128 levels. Whether a name may stand twice in an object is for the caller to say: `JSON(parsing:)` refuses.
package struct JSONScanner {
  /// What the next value is.
  package enum Kind: Hashable, Sendable { case null, bool, number, string, array, object }

  private let bytes: [UInt8]
  private var depth = 0
  /// The offset of the byte that is looked at next.
  package private(set) var position = 0

  /// A scanner before the first value of `bytes`.
  package init(_ bytes: [UInt8]) throws(JSONError) {
    do {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      throw JSONError(problem: "not UTF-8", offset: error.byteOffsets.lowerBound)
    }
    self.bytes = bytes
  }

  /// The kind of the value that comes next, judged by its first byte.
  package mutating func kind() throws(JSONError) -> Kind {
    skipSpace()
    guard let byte = peek else { throw fault("the JSON text ends too early") }
    switch byte {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
    case UInt8(ascii: "n"): return .null
    default: return .number
    }
  }

  /// Reads an object; `member` gets each name, and must read or skip its value.
  package mutating func object(
    _ member: (inout JSONScanner, ByteString) throws(JSONError) -> Void
  ) throws(JSONError) {
    guard try kind() == .object else { throw fault("an object was expected") }
    try descend()
    skipSpace()
    guard !take(UInt8(ascii: "}")) else { return ascend() }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw fault("a name in quotes was expected") }
      let name = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw fault("':' was expected") }
      try member(&self, name)
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw fault("',' or '}' was expected") }
    ascend()
  }

  /// Reads an array; `element` must read or skip one value.
  package mutating func array(_ element: (inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
    guard try kind() == .array else { throw fault("an array was expected") }
    try descend()
    skipSpace()
    guard !take(UInt8(ascii: "]")) else { return ascend() }
    repeat {
      try element(&self)
      skipSpace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw fault("',' or ']' was expected") }
    ascend()
  }

  /// Reads a string.
  package mutating func string() throws(JSONError) -> ByteString {
    guard try kind() == .string else { throw fault("a string was expected") }
    position += 1
    let start = position
    while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
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

  /// Reads a number, keeping its spelling.
  package mutating func number() throws(JSONError) -> JSONNumber {
    guard try kind() == .number else { throw fault("a number was expected") }
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

  /// Reads `true` or `false`.
  package mutating func bool() throws(JSONError) -> Bool {
    guard try kind() == .bool else { throw fault("true or false was expected") }
    let value = peek == UInt8(ascii: "t")
    try word(value ? "true" : "false")
    return value
  }

  /// Reads `null`.
  package mutating func null() throws(JSONError) {
    guard try kind() == .null else { throw fault("null was expected") }
    try word("null")
  }

  /// Reads any value and forgets it.
  package mutating func skip() throws(JSONError) {
    switch try kind() {
    case .null: try null()
    case .bool: _ = try bool()
    case .number: _ = try number()
    case .string: _ = try string()
    case .array: try array { scanner throws(JSONError) in try scanner.skip() }
    case .object: try object { scanner, _ throws(JSONError) in try scanner.skip() }
    }
  }

  /// Checks that nothing but white space is left.
  package mutating func end() throws(JSONError) {
    skipSpace()
    guard position == bytes.count else { throw fault("text after the end of the JSON value") }
  }

  /// An error about the place the scanner has reached.
  package func fault(_ problem: String) -> JSONError { JSONError(problem: problem, offset: position) }
}

extension JSONScanner {
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

  private mutating func digits() throws(JSONError) {
    let start = position
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    guard position > start else { throw fault("a JSON value was expected") }
  }

  private mutating func word(_ word: StaticString) throws(JSONError) {
    for byte in word.description.utf8 where !take(byte) { throw fault("a JSON value was expected") }
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

  private mutating func ascend() { depth -= 1 }
}
