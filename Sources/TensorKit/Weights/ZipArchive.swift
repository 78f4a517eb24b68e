import CKernels
import Files
import SystemPackage

/// The members of a zip file, as torch writes such files: stored, never compressed, one after the other.
///
/// Stricter than zip tools: whatever could make two readers see different things is refused. Names occur once, nothing
/// stands before, between or behind the members, and each local header says what the central directory says. The
/// format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
struct ZipArchive: Sendable {
  struct Member: Sendable {
    let name: ByteString
    /// Where the bytes begin in the file.
    fileprivate(set) var offset: Int
    let count: Int
    /// The CRC-32 of the bytes.
    let checksum: UInt32
    fileprivate let flags: UInt64
  }

  /// The members, in the order of the central directory.
  private(set) var members: [Member]
  private let positions: [ByteString: Int]
  private let file: InputFile

  /// Opens the archive; checks everything except the members' bytes.
  init(_ file: InputFile) throws(FileError) {
    self.file = file
    let directory = try ZipDirectory(file)
    members = try directory.members(of: file)
    positions = Dictionary(members.enumerated().map { ($1.name, $0) }) { first, _ in first }
    guard positions.count == members.count else { throw file.fault("has two zip members of the same name") }
    try locate(directoryOffset: directory.range.lowerBound)
  }

  /// The member called `name`, or nil.
  subscript(name: ByteString) -> Member? { positions[name].map { members[$0] } }

  /// The bytes of `member`, their checksum verified; refused beyond `limit` bytes.
  func read(_ member: Member, limit: Int) throws(FileError) -> [UInt8] {
    guard member.count <= limit else {
      throw file.fault("has a member \"\(member.name)\" of \(member.count) bytes; at most \(limit) were expected")
    }
    let bytes = try file.read(at: member.offset, count: member.count)
    guard unsafe aesgrad_crc32(0, bytes, bytes.count) == member.checksum else { throw damage(member) }
    return bytes
  }

  /// Reads all bytes of `member`, a chunk at a time, to compare their checksum.
  func verify(_ member: Member) throws(FileError) {
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: min(max(1, member.count), 1 << 19), alignment: 64)
    defer { unsafe chunk.deallocate() }
    var checksum: UInt32 = 0
    var done = 0
    while done < member.count {
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: chunk[..<min(chunk.count, member.count - done)])
      try unsafe file.read(at: member.offset + done, into: part)
      checksum = unsafe aesgrad_crc32(checksum, part.baseAddress, part.count)
      done += part.count
    }
    guard checksum == member.checksum else { throw damage(member) }
  }

  private func damage(_ member: Member) -> FileError {
    file.fault("is damaged: the checksum of \"\(member.name)\" is wrong")
  }

  /// Finds the bytes of each member behind its local header, which must agree with the directory.
  private mutating func locate(directoryOffset: Int) throws(FileError) {
    var end = 0
    for index in members.indices.sorted(by: { members[$0].offset < members[$1].offset }) {
      let member = members[index]
      guard member.offset == end else {
        throw file.fault("has stray bytes at \(end): the zip member \"\(member.name)\" begins at \(member.offset)")
      }
      let start = try dataOffset(of: member)
      guard start <= directoryOffset, member.count <= directoryOffset - start else {
        throw file.fault("has a zip member \"\(member.name)\" that reaches beyond its place")
      }
      members[index].offset = start
      end = try start + member.count + descriptorLength(of: member, at: start + member.count)
    }
    guard end == directoryOffset else {
      throw file.fault("has stray bytes at \(end), before the zip directory at \(directoryOffset)")
    }
  }

  private func dataOffset(of member: Member) throws(FileError) -> Int {
    let disagreement = file.fault("has a zip member \"\(member.name)\" whose local header differs from the directory")
    let header = try file.read(at: member.offset, count: min(30, file.count - member.offset))
    guard header.number(at: 0, width: 4) == 0x0403_4B50, header.number(at: 6, width: 2) == member.flags,
      header.number(at: 8, width: 2) == 0, let nameLength = header.number(at: 26, width: 2),
      let extraLength = header.number(at: 28, width: 2)
    else { throw disagreement }
    let (start, tail) = (member.offset + 30, Int(nameLength + extraLength))
    guard tail <= file.count - start else { throw disagreement }
    let text = try file.read(at: start, count: tail)
    guard ByteString(text.prefix(Int(nameLength))) == member.name else { throw disagreement }
    // With a data descriptor the checksum and the sizes may be left out here; they follow the bytes.
    let deferred: [UInt64] = member.flags & 8 == 0 ? [] : [0]
    let wide = ZipDirectory.wideFields(Array(text.dropFirst(Int(nameLength))))
    guard let checksum = header.number(at: 14, width: 4), ([UInt64(member.checksum)] + deferred).contains(checksum)
    else { throw disagreement }
    for (offset, position) in [(18, 1), (22, 0)] {
      var size = header.number(at: offset, width: 4)
      if size == 0xFFFF_FFFF, position < wide.count { size = wide[position] }
      guard let size, ([UInt64(member.count)] + deferred).contains(size) else { throw disagreement }
    }
    return start + tail
  }

  /// The length of the data descriptor behind a member that announces one.
  private func descriptorLength(of member: Member, at offset: Int) throws(FileError) -> Int {
    guard member.flags & 8 != 0 else { return 0 }
    let bytes = try file.read(at: offset, count: min(24, file.count - offset))
    let signature: [UInt8] = [0x50, 0x4B, 7, 8]
    let narrow = UInt32(truncatingIfNeeded: member.count).littleEndianBytes
    let wide = UInt64(member.count).littleEndianBytes
    // Writers differ in whether they sign a descriptor and how wide its sizes are. Long forms first: the short ones
    // could be their beginnings.
    for sizes in [wide + wide, narrow + narrow] {
      for start in [signature, []] {
        let descriptor = start + member.checksum.littleEndianBytes + sizes
        if bytes.starts(with: descriptor) { return descriptor.count }
      }
    }
    throw file.fault("has a zip member \"\(member.name)\" whose data descriptor differs from the directory")
  }
}

/// Where the central directory of a zip file is, and what it says.
private struct ZipDirectory {
  let range: Range<Int>
  private let count: Int

  /// No torch file comes near this many bytes of directory.
  private static let longest = 1 << 26

  init(_ file: InputFile) throws(FileError) {
    let end = file.count - 22
    guard end >= 0 else { throw file.fault("is too short for a zip file") }
    let record = try file.read(at: end, count: 22)
    guard record.number(at: 0, width: 4) == 0x0605_4B50, record.number(at: 20, width: 2) == 0 else {
      throw file.fault("does not end as a zip file does: it was cut short, or something was added")
    }
    var fields = [(8, 2), (10, 2), (12, 4), (16, 4)].compactMap { record.number(at: $0.0, width: $0.1) }
    var directoryEnd = end
    let disks = record.number(at: 4, width: 4)
    if let wide = try Self.wideRecord(of: file, before: end) {
      for (index, limit) in zip(fields.indices, [0xFFFF, 0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF] as [UInt64]) {
        guard fields[index] == wide.fields[index] || fields[index] == limit else {
          throw file.fault("has two zip directories that differ")
        }
      }
      (fields, directoryEnd) = (wide.fields, wide.offset)
    }
    guard disks == 0, fields[0] == fields[1], let start = Int(exactly: fields[3]), let length = Int(exactly: fields[2]),
      start <= directoryEnd, length == directoryEnd - start, length <= Self.longest, let count = Int(exactly: fields[0])
    else { throw file.fault("has a zip directory that is not where its end says") }
    range = start..<directoryEnd
    self.count = count
  }

  /// The end record for sizes beyond 32 bits, which torch always writes: its four numbers and its place.
  private static func wideRecord(
    of file: InputFile, before end: Int
  ) throws(FileError) -> (fields: [UInt64], offset: Int)? {
    guard end >= 76 else { return nil }
    let bytes = try file.read(at: end - 76, count: 76)
    guard bytes.number(at: 56, width: 4) == 0x0706_4B50 else { return nil }
    guard bytes.number(at: 60, width: 4) == 0, bytes.number(at: 64, width: 8) == UInt64(end - 76),
      bytes.number(at: 72, width: 4) == 1, bytes.number(at: 0, width: 4) == 0x0606_4B50,
      bytes.number(at: 4, width: 8) == 44, bytes.number(at: 16, width: 8) == 0
    else { throw file.fault("has a zip64 directory that is not where its end says") }
    return ([24, 32, 40, 48].compactMap { bytes.number(at: $0, width: 8) }, end - 76)
  }

  /// The members as the directory lists them; their offsets are those of the local headers.
  func members(of file: InputFile) throws(FileError) -> [ZipArchive.Member] {
    let bytes = try file.read(at: range.lowerBound, count: range.count)
    var members: [ZipArchive.Member] = []
    var position = 0
    while position < bytes.count {
      let (member, length) = try Self.member(bytes, at: position, of: file)
      members.append(member)
      position += length
    }
    guard members.count == count else {
      throw file.fault("has \(members.count) zip members; its directory announces \(count)")
    }
    return members
  }

  private static func member(
    _ bytes: [UInt8], at position: Int, of file: InputFile
  ) throws(FileError) -> (ZipArchive.Member, Int) {
    func field(_ offset: Int, _ width: Int) -> UInt64 { bytes.number(at: position + offset, width: width) ?? 0 }
    let (nameLength, extraLength) = (Int(field(28, 2)), Int(field(30, 2)))
    let length = 46 + nameLength + extraLength
    guard length <= bytes.count - position, field(0, 4) == 0x0201_4B50, field(32, 2) == 0, field(34, 2) == 0 else {
      throw file.fault("has a damaged zip directory")
    }
    let nameStart = position + 46
    let name = ByteString(bytes[nameStart..<nameStart + nameLength])
    guard field(8, 2) & 1 == 0 else { throw file.fault("has an encrypted zip member \"\(name)\"") }
    guard field(10, 2) == 0 else {
      throw file.fault("has a compressed zip member \"\(name)\"; torch stores its members", hint: "save it with torch")
    }
    // Bit 3: a data descriptor follows; bit 11: the name is UTF-8. The others change how the bytes are to be read.
    guard field(8, 2) & ~0x808 == 0 else { throw file.fault("has a zip member \"\(name)\" with unknown flags") }
    var sizes = [field(24, 4), field(20, 4), field(42, 4)]
    let wide = wideFields(Array(bytes[nameStart + nameLength..<position + length]))
    var next = 0
    for index in sizes.indices where sizes[index] == 0xFFFF_FFFF && next < wide.count {
      sizes[index] = wide[next]
      next += 1
    }
    guard sizes[0] == sizes[1], let count = Int(exactly: sizes[0]), let offset = Int(exactly: sizes[2]),
      count <= file.count, offset <= file.count
    else { throw file.fault("has a zip member \"\(name)\" that is larger than the file") }
    let member = ZipArchive.Member(
      name: name, offset: offset, count: count, checksum: UInt32(field(16, 4)), flags: field(8, 2))
    return (member, length)
  }

  /// The 64-bit numbers in the zip64 part of an extra field; empty if there is none.
  static func wideFields(_ extra: [UInt8]) -> [UInt64] {
    var position = 0
    while let kind = extra.number(at: position, width: 2), let length = extra.number(at: position + 2, width: 2) {
      let start = position + 4
      position = start + Int(length)
      guard kind == 1, position <= extra.count else { continue }
      return stride(from: start, through: position - 8, by: 8).compactMap { extra.number(at: $0, width: 8) }
    }
    return []
  }
}

extension InputFile {
  /// An error that says what is wrong with the contents.
  func fault(_ problem: String, hint: String? = nil) -> FileError { FileError(.malformed, path, problem, hint: hint) }
}
