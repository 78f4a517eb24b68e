public import Files
public import SystemPackage

/// Writes safetensors files, byte for byte as the format's own library does for the same content.
///
/// Tensors are ordered by type, widest first, then by name; the header is padded with spaces to a multiple of eight. So
/// the bytes depend on the content alone. https://github.com/huggingface/safetensors#format
public enum SafetensorsWriter {
  /// Writes `entries` and `metadata` as a file at `path`, whole or not at all (`OutputFile.write`).
  public static func write(
    _ entries: [WeightEntry], metadata: [ByteString: ByteString] = [:], to path: FilePath, replacing: Bool
  ) throws {
    try OutputFile.write(to: path, replacing: replacing) { file in try write(entries, metadata: metadata, to: file) }
  }

  /// Writes `entries` and `metadata` to an empty `file`, one tensor in memory at a time.
  public static func write(
    _ entries: [WeightEntry], metadata: [ByteString: ByteString] = [:], to file: borrowing OutputFile
  ) throws {
    let entries = inOrder(entries)
    try checkNames(entries, metadata, file.path)
    var text = header(entries, metadata)
    text += Array(repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    guard text.count <= SafetensorsFile.longestHeader else {
      throw FileError(.cannotCreate, file.path, "needs a header of \(text.count) bytes, more than safetensors allows")
    }
    try file.checkRoom(for: entries.reduce(8 + text.count) { $0 + $1.byteCount })
    try file.append((0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text)
    for entry in entries {
      try unsafe entry.withStoredBytes { bytes in try unsafe file.append(bytes) }
    }
  }

  /// The SHA-256 of what stands behind the header in a file of `entries`, which tells networks apart whatever their metadata.
  package static func dataHash(of entries: [WeightEntry]) throws -> String {
    var hash = SHA256()
    for entry in inOrder(entries) {
      try unsafe entry.withStoredBytes { bytes in unsafe hash.update(bytes.bindMemory(to: UInt8.self).span) }
    }
    return hash.finish()
  }

  private static func inOrder(_ entries: [WeightEntry]) -> [WeightEntry] {
    entries.sorted { left, right in
      left.type == right.type ? left.name < right.name : left.type.rank > right.type.rank
    }
  }

  private static func checkNames(
    _ sorted: [WeightEntry], _ metadata: [ByteString: ByteString], _ path: FilePath
  ) throws(FileError) {
    var seen: Set<ByteString> = ["__metadata__"]
    for name in sorted.map(\.name) where !seen.insert(name).inserted {
      throw FileError(.cannotCreate, path, "cannot hold a second tensor \"\(name)\"")
    }
    for text in [Array(seen), Array(metadata.keys), Array(metadata.values)].joined() where text.string == nil {
      throw FileError(.cannotCreate, path, "cannot hold the name \"\(text)\", which is not UTF-8")
    }
  }

  private static func header(_ entries: [WeightEntry], _ metadata: [ByteString: ByteString]) -> [UInt8] {
    var members: [ByteString] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { $0.key.quoted + ":" + $0.value.quoted }
      members.append("\"__metadata__\":{" + ByteString(pairs.map(\.bytes).joined(separator: [UInt8(ascii: ",")])) + "}")
    }
    var offset = 0
    for entry in entries {
      let end = offset + entry.byteCount
      let shape = entry.shape.map(String.init).joined(separator: ",")
      members.append(
        entry.name.quoted
          + ":{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    return [UInt8(ascii: "{")] + members.map(\.bytes).joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "}")]
  }
}

extension ElementType {
  /// The place in the order of types, which is the order in which they are declared.
  fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension ByteString {
  /// A JSON string with these bytes: only what must be escaped is.
  fileprivate var quoted: ByteString {
    var text = [UInt8(ascii: "\"")]
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
      case 8: text += "\\b".utf8
      case 9: text += "\\t".utf8
      case 10: text += "\\n".utf8
      case 12: text += "\\f".utf8
      case 13: text += "\\r".utf8
      case ..<0x20: text += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
      default: text.append(byte)
      }
    }
    return ByteString(text + [UInt8(ascii: "\"")])
  }
}
