extension [UInt8] {
  /// The little-endian number of `width` bytes (at most 8) at `offset`; nil if they are not all there.
  func number(at offset: Int, width: Int) -> UInt64? {
    guard offset >= 0, offset <= count, width <= count - offset else { return nil }
    return self[offset..<offset + width].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension FixedWidthInteger {
  /// The bytes, lowest first.
  var littleEndianBytes: [UInt8] {
    (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) }
  }
}
