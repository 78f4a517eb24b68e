import CKernels
import Files

/// Writes zip files as torch does: stored members, each aligned to 64 bytes, its checksum behind it.
struct ZipWriter: ~Copyable {
  private struct Member {
    let name: ByteString
    let offset: Int
    var count = 0
    var checksum: UInt32 = 0
  }

  private var members: [Member] = []
  private var position = 0
  private static let flags: UInt16 = 0x808  // a data descriptor follows; the name is UTF-8
  private static let alignment = 64

  /// Adds a member of these bytes.
  mutating func add(_ name: ByteString, _ bytes: [UInt8], to file: borrowing OutputFile) throws {
    try begin(name, file)
    try unsafe bytes.withUnsafeBytes { buffer in try unsafe append(buffer, file) }
    try end(file)
  }

  /// Adds a member of the elements of `entry` as they are stored.
  mutating func add(_ name: ByteString, _ entry: WeightEntry, to file: borrowing OutputFile) throws {
    try begin(name, file)
    try unsafe entry.withStoredBytes { buffer in try unsafe append(buffer, file) }
    try end(file)
  }

  /// Writes the directory.
  mutating func finish(_ file: borrowing OutputFile) throws {
    let start = position
    for member in members {
      try put(
        [0x50, 0x4B, 1, 2, 0, 0, 0, 0] + Self.flags.littleEndianBytes + Array(repeating: 0, count: 6)
          + Self.sizes(member) + UInt16(member.name.bytes.count).littleEndianBytes + Array(repeating: 0, count: 12)
          + UInt32(member.offset).littleEndianBytes + member.name.bytes, file)
    }
    let (end, length, count) = (position, position - start, members.count)
    // The record for large files stands in small ones too.
    try put(
      [0x50, 0x4B, 6, 6] + UInt64(44).littleEndianBytes + [0x1E, 3, 45, 0] + UInt64(0).littleEndianBytes
        + [count, count, length, start].flatMap(\.littleEndianBytes), file)
    try put([0x50, 0x4B, 6, 7, 0, 0, 0, 0] + end.littleEndianBytes + UInt32(1).littleEndianBytes, file)
    let number = UInt16(count).littleEndianBytes
    try put(
      [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + number + number + UInt32(length).littleEndianBytes
        + UInt32(start).littleEndianBytes + [0, 0], file)
  }

  private mutating func begin(_ name: ByteString, _ file: borrowing OutputFile) throws {
    members.append(Member(name: name, offset: position))
    let header: [UInt8] =
      [0x50, 0x4B, 3, 4, 0, 0] + Self.flags.littleEndianBytes + Array(repeating: 0, count: 18)
      + UInt16(name.bytes.count).littleEndianBytes
    // Padding in a field of its own ("FB") puts the bytes at a multiple of the alignment.
    let start = position + header.count + 2 + name.bytes.count + 4
    let padding = (Self.alignment - start % Self.alignment) % Self.alignment
    try put(
      header + UInt16(padding + 4).littleEndianBytes + name.bytes + "FB".utf8 + UInt16(padding).littleEndianBytes
        + Array(repeating: UInt8(ascii: "Z"), count: padding), file)
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer, _ file: borrowing OutputFile) throws {
    let last = members.count - 1
    members[last].checksum = unsafe aesgrad_crc32(members[last].checksum, bytes.baseAddress, bytes.count)
    members[last].count += bytes.count
    try unsafe file.append(bytes)
    try advance(bytes.count, file)
  }

  private mutating func end(_ file: borrowing OutputFile) throws {
    try put([0x50, 0x4B, 7, 8] + Self.sizes(members[members.count - 1]), file)
  }

  private mutating func put(_ bytes: [UInt8], _ file: borrowing OutputFile) throws {
    try file.append(bytes)
    try advance(bytes.count, file)
  }

  private mutating func advance(_ count: Int, _ file: borrowing OutputFile) throws {
    position += count
    guard position <= Int32.max, members.count < UInt16.max else {
      throw FileError(.cannotCreate, file.path, "would exceed 2 GB", hint: "write safetensors instead")
    }
  }

  /// Checksum and sizes, as they stand in descriptors and in the directory.
  private static func sizes(_ member: Member) -> [UInt8] {
    let size = UInt32(member.count).littleEndianBytes
    return member.checksum.littleEndianBytes + size + size
  }
}
