extension Array where Element == UInt8 {
  /// The `size` bytes from `offset` on as a number, most significant byte first; nil where the array ends before.
  func bigEndian(at offset: Int, _ size: Int) -> Int? {
    guard offset >= 0, offset <= count - size else { return nil }
    return self[offset..<offset + size].reduce(0) { $0 << 8 | Int($1) }
  }

  /// The `size` bytes from `offset` on as a number, least significant byte first; nil where the array ends before.
  func littleEndian(at offset: Int, _ size: Int) -> Int? {
    guard offset >= 0, offset <= count - size else { return nil }
    return self[offset..<offset + size].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// Whether the bytes from `offset` on are those of `text`.
  func holds(_ text: String, at offset: Int) -> Bool {
    offset >= 0 && offset <= count && self[offset...].starts(with: text.utf8)
  }
}
