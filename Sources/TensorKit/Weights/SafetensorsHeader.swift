import Files

/// The header of a safetensors file: what each tensor is called, what it is, and where it stands.
///
/// Read strictly, so that no two readers can see different things in one file: every name once, every byte of the data
/// in exactly one tensor. The format: https://github.com/huggingface/safetensors#format
struct SafetensorsHeader: Sendable {
  struct Entry: Sendable {
    let name: ByteString
    let type: ElementType
    let shape: [Int]
    /// Where the bytes are, counted from the end of the header.
    let range: Range<Int>
  }

  /// The tensors, in the order of the header.
  private(set) var entries: [Entry] = []
  /// Their places in `entries`, by name.
  private(set) var positions: [ByteString: Int] = [:]
  /// The strings under `__metadata__`.
  private(set) var metadata: [ByteString: ByteString] = [:]

  // Made once: a header may have a million entries.
  private static let metadataName: ByteString = "__metadata__"
  private static let typeField: ByteString = "dtype"
  private static let shapeField: ByteString = "shape"
  private static let offsetsField: ByteString = "data_offsets"

  /// No array has more axes in the programs that write such files.
  static let highestRank = 64

  /// Reads the JSON text of a header that `dataLength` bytes of tensors follow.
  init(parsing text: [UInt8], dataLength: Int) throws(JSONError) {
    var scanner = try JSONScanner(text)
    var hasMetadata = false
    try scanner.object { scanner, name throws(JSONError) in
      let isMetadata = name == Self.metadataName
      let isNew = isMetadata ? !hasMetadata : positions.updateValue(entries.count, forKey: name) == nil
      guard isNew else { throw scanner.fault("the name \"\(name)\" stands twice") }
      if isMetadata {
        hasMetadata = true
        try readMetadata(&scanner)
      } else {
        entries.append(try Self.entry(name, &scanner))
      }
    }
    try scanner.end()
    try checkCoverage(dataLength)
  }

  private mutating func readMetadata(_ scanner: inout JSONScanner) throws(JSONError) {
    guard try scanner.kind() != .null else { return try scanner.null() }
    try scanner.object { scanner, name throws(JSONError) in
      guard metadata.updateValue(try scanner.string(), forKey: name) == nil else {
        throw scanner.fault("the name \"\(name)\" stands twice in __metadata__")
      }
    }
  }

  private static func entry(_ name: ByteString, _ scanner: inout JSONScanner) throws(JSONError) -> Entry {
    var type: ElementType?
    var shape: [Int]?
    var offsets: [Int]?
    var others: Set<ByteString> = []
    try scanner.object { scanner, field throws(JSONError) in
      let isNew: Bool
      switch field {
      case Self.typeField:
        isNew = type == nil
        let spelling = try scanner.string()
        type = spelling.string.flatMap { ElementType(rawValue: $0) }
        guard type != nil else { throw scanner.fault("the tensor \"\(name)\" has the unknown dtype \"\(spelling)\"") }
      case Self.shapeField:
        isNew = shape == nil
        shape = try counts(&scanner, limit: highestRank)
      case Self.offsetsField:
        isNew = offsets == nil
        offsets = try counts(&scanner, limit: 2)
      default:
        isNew = others.insert(field).inserted
        try scanner.skip()
      }
      guard isNew else { throw scanner.fault("\"\(field)\" stands twice in the tensor \"\(name)\"") }
    }
    guard let type, let shape, let offsets else {
      throw scanner.fault("the tensor \"\(name)\" lacks one of dtype, shape and data_offsets")
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw scanner.fault("the tensor \"\(name)\" has data_offsets that are not a range")
    }
    guard type.byteCount(of: shape) == offsets[1] - offsets[0] else {
      throw scanner.fault(
        "the tensor \"\(name)\" of \(type.rawValue) \(shape) cannot take \(offsets[1] - offsets[0]) bytes")
    }
    return Entry(name: name, type: type, shape: shape, range: offsets[0]..<offsets[1])
  }

  private static func counts(_ scanner: inout JSONScanner, limit: Int) throws(JSONError) -> [Int] {
    var counts: [Int] = []
    try scanner.array { scanner throws(JSONError) in
      let number = try scanner.number()
      guard let count = number.integer, !number.spelling.hasPrefix("-") else {
        throw scanner.fault("a length or offset is not a whole number of at most 63 bits")
      }
      guard counts.count < limit else { throw scanner.fault("an array has more than \(limit) numbers") }
      counts.append(count)
    }
    return counts
  }

  /// The tensors, sorted by place, must follow each other without a gap from the first byte to the last.
  private func checkCoverage(_ dataLength: Int) throws(JSONError) {
    var end = 0
    let sorted = entries.indices.sorted { left, right in
      let (left, right) = (entries[left].range, entries[right].range)
      return (left.lowerBound, left.upperBound) < (right.lowerBound, right.upperBound)
    }
    for index in sorted {
      let entry = entries[index]
      guard entry.range.lowerBound == end else {
        throw JSONError(
          problem: "the tensor \"\(entry.name)\" begins at byte \(entry.range.lowerBound) of the data, expected \(end)",
          offset: 0)
      }
      end = entry.range.upperBound
    }
    guard end == dataLength else {
      throw JSONError(problem: "the tensors take \(end) bytes, but \(dataLength) follow the header", offset: 0)
    }
  }
}
