/// Bytes that are usually UTF-8 text: tensor names, JSON strings, vocabulary entries, file names.
///
/// Swift's `String` compares by canonical equivalence, so two different names can be equal and a dictionary of them
/// loses one. A `ByteString` is equal to another only if all bytes are.
public struct ByteString: Hashable, Sendable {
  /// The bytes.
  public let bytes: [UInt8]

  /// A string of these bytes.
  public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  /// The UTF-8 bytes of `string`.
  public init(_ string: String) { self.bytes = Array(string.utf8) }

  init(cString: UnsafePointer<CChar>) {
    var bytes: [UInt8] = []
    var position = unsafe cString
    while unsafe position.pointee != 0 {
      unsafe bytes.append(UInt8(bitPattern: position.pointee))
      unsafe position += 1
    }
    self.bytes = bytes
  }

  /// The text, or nil if the bytes are not UTF-8.
  public var string: String? { String(validating: bytes, as: UTF8.self) }

  /// Whether the bytes begin with those of `prefix`.
  public func hasPrefix(_ prefix: ByteString) -> Bool { bytes.starts(with: prefix.bytes) }

  /// Whether the bytes end with those of `suffix`.
  public func hasSuffix(_ suffix: ByteString) -> Bool { bytes.suffix(suffix.bytes.count).elementsEqual(suffix.bytes) }

  /// The bytes behind the first `count`.
  public func dropping(_ count: Int) -> ByteString { ByteString(bytes.dropFirst(count)) }

  /// One string after the other.
  public static func + (left: ByteString, right: ByteString) -> ByteString { ByteString(left.bytes + right.bytes) }
}

extension ByteString: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  /// The UTF-8 bytes of a literal.
  public init(stringLiteral value: String) { self.init(value) }
}

extension ByteString: Comparable {
  /// Byte by byte, shorter first.
  public static func < (left: ByteString, right: ByteString) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}

extension ByteString: CustomStringConvertible {
  /// For people to read, on one line: control characters and bytes that are not UTF-8 as `\xNN`, at most 200 characters.
  public var description: String {
    var text = ""
    var rest = bytes[...]
    while !rest.isEmpty, text.utf8.count < 200 {
      let length = Self.scalarLength(rest)
      let scalar = rest.prefix(length)
      if length == 1, let byte = scalar.first, byte < 0x20 || byte >= 0x7F {
        text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      } else if let valid = String(validating: scalar, as: UTF8.self), Self.isPrintable(valid) {
        text += valid
      } else {
        for byte in scalar { text += "\\x" + String(byte, radix: 16) }
      }
      rest = rest.dropFirst(length)
    }
    return rest.isEmpty ? text : text + "…"
  }

  private static func scalarLength(_ bytes: ArraySlice<UInt8>) -> Int {
    let length =
      switch bytes[bytes.startIndex] {
      case 0xC2...0xDF: 2
      case 0xE0...0xEF: 3
      case 0xF0...0xF4: 4
      default: 1
      }
    let scalar = bytes.prefix(length)
    return scalar.count == length && String(validating: scalar, as: UTF8.self) != nil ? length : 1
  }

  /// Neither a control character nor one that changes the direction of what follows.
  private static func isPrintable(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: scalar == "\u{200D}"
      default: true
      }
    }
  }
}
