import Files
import SystemPackage

/// The entries of a byte-level BPE vocabulary, keyed by their bytes, and the merges between them by id.
struct Vocabulary: Sendable {
  /// A pair of entries that becomes one.
  struct Merge {
    /// Its place in the list; lower comes first.
    let rank: Int32
    /// The id of the joined entry.
    let result: Int32
  }

  private let ids: [ByteString: Int32]
  private let entries: [Int32: ByteString]
  private let merges: [UInt64: Merge]
  private let suffix: ByteString
  /// The ids of single bytes, inside a word and at its end.
  private let byteIDs: [Int32]
  private let endByteIDs: [Int32]
  /// One more than the highest id.
  let count: Int

  /// Ids above this are taken for nonsense: the largest vocabularies have some hundred thousand entries.
  static let highestID = 1 << 24

  /// The vocabulary whose entries and merges the file at `path` spelt out.
  ///
  /// The entries are written in the byte characters of GPT-2 (`ByteCharacters`); those that end a word end with `suffix`.
  /// Every half of a merge, and what it makes, must be an entry. `unknown` is the entry for bytes that have none.
  init(
    entries list: [(ByteString, Int?)], merges pairs: [(ByteString, ByteString)], suffix: ByteString,
    unknown: ByteString?, path: FilePath
  ) throws(FileError) {
    var ids: [ByteString: Int32] = [:]
    var entries: [Int32: ByteString] = [:]
    var highest = -1
    for (entry, id) in list {
      guard let id, (0...Self.highestID).contains(id) else {
        throw FileError(
          .malformed, path, "the token \"\(entry)\" has no id that is a whole number from 0 to \(Self.highestID)")
      }
      guard entries.updateValue(entry, forKey: Int32(id)) == nil else {
        throw FileError(.malformed, path, "the id \(id) stands for two tokens, one of them \"\(entry)\"")
      }
      ids[entry] = Int32(id)
      highest = max(highest, id)
    }
    guard highest >= 0 else { throw FileError(.malformed, path, "the vocabulary is empty") }

    var merges: [UInt64: Merge] = [:]
    for (rank, pair) in pairs.enumerated() {
      let joined = pair.0 + pair.1
      guard let left = ids[pair.0], let right = ids[pair.1], let result = ids[joined] else {
        let missing = [pair.0, pair.1, joined].first { ids[$0] == nil } ?? joined
        throw FileError(.malformed, path, "merge \(rank + 1) needs \"\(missing)\", which is not in the vocabulary")
      }
      merges[Self.key(left, right)] = Merge(rank: Int32(truncatingIfNeeded: rank), result: result)
    }
    self.ids = ids
    self.entries = entries
    self.merges = merges
    self.suffix = suffix
    count = highest + 1

    let unknownID = unknown.flatMap { ids[$0] }
    let characters = (UInt8.min...UInt8.max).map(ByteCharacters.character(of:))
    byteIDs = characters.compactMap { ids[$0] ?? unknownID }
    endByteIDs = characters.compactMap { ids[$0 + suffix] ?? unknownID }
    guard byteIDs.count == 256, endByteIDs.count == 256 else {
      throw FileError(
        .malformed, path, "not every byte has a token, and there is no token for what is unknown",
        hint: "CLIP's vocabulary has entries for all 256 bytes, alone and with </w>")
    }
  }

  /// The id of an entry.
  func id(of entry: ByteString) -> Int? { ids[entry].map { Int($0) } }

  /// The id of a byte that is followed by others of its word or ends it.
  func id(ofByte byte: UInt8, endingWord: Bool) -> Int32 {
    endingWord ? endByteIDs[Int(byte)] : byteIDs[Int(byte)]
  }

  /// What becomes of two neighbours, if they can be merged.
  func merge(_ left: Int32, _ right: Int32) -> Merge? { merges[Self.key(left, right)] }

  /// The bytes an id stands for, without the mark of a word's end.
  func bytes(of id: Int) -> [UInt8]? {
    guard let entry = entry(id) else { return nil }
    let end = endsWord(id) ? entry.bytes.count - suffix.bytes.count : entry.bytes.count
    return ByteCharacters.bytes(of: entry.bytes.prefix(end))
  }

  /// Whether the entry ends a word.
  func endsWord(_ id: Int) -> Bool { entry(id)?.hasSuffix(suffix) ?? false }

  /// The entry with this id, as the file spells it.
  func entry(_ id: Int) -> ByteString? { Int32(exactly: id).flatMap { entries[$0] } }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }
}

/// GPT-2's way of writing any byte as a visible character: itself where Latin-1 has one, else U+0100 and up in order.
enum ByteCharacters {
  private static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (UInt8.min...UInt8.max).map { byte in
      if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE { return Unicode.Scalar(byte) }
      defer { next += 1 }
      return Unicode.Scalar(next) ?? Unicode.Scalar(byte)
    }
  }()
  private static let bytes = Dictionary(zip(scalars, UInt8.min...UInt8.max)) { first, _ in first }

  /// The character of `byte`, in UTF-8.
  static func character(of byte: UInt8) -> ByteString { ByteString(String(Character(scalars[Int(byte)]))) }

  /// The bytes that a text of such characters stands for; other characters stand for themselves.
  static func bytes(of text: ArraySlice<UInt8>) -> [UInt8] {
    String(decoding: text, as: UTF8.self).unicodeScalars.flatMap { scalar in
      bytes[scalar].map { [$0] } ?? Array(String(Character(scalar)).utf8)
    }
  }
}
