import Files
import SystemPackage

/// What a tokenizer's files spell out, before it is checked.
struct TokenizerFile {
  /// The file to name in errors.
  let path: FilePath
  /// The vocabulary's entries and ids.
  let entries: [(ByteString, Int?)]
  /// The merges, first come first.
  let merges: [(ByteString, ByteString)]
  /// What ends an entry that ends a word.
  let suffix: ByteString
  /// The entry for bytes without one, where the file names it.
  let unknown: ByteString?
  /// Tokens the file adds, with their ids.
  let added: [(token: AddedToken, id: Int?)]

  // OpenAI's tokenizer.json has 3.6 MB; ten times the vocabulary would still pass.
  private static let limit = 64 << 20

  /// vocab.json and merges.txt, whose first line may tell a version.
  init(vocabulary: FilePath, merges path: FilePath) throws(FileError) {
    let file = try ConfigurationFile(vocabulary, limit: Self.limit)
    self.path = vocabulary
    entries = file.root.object?.members.map { ($0.name, $0.value.integer) } ?? []
    let bytes = try InputFile(path).readAll(limit: Self.limit)
    var merges: [(ByteString, ByteString)] = []
    for (number, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      if line.isEmpty || line.starts(with: Array("#version".utf8)) { continue }
      guard let pair = Self.pair(ByteString(line)) else {
        throw FileError(.malformed, path, "line \(number + 1) is not two tokens with a space between them")
      }
      merges.append(pair)
    }
    self.merges = merges
    suffix = "</w>"
    unknown = nil
    added = []
  }

  /// tokenizer.json alone.
  init(single path: FilePath) throws(FileError) {
    let file = try ConfigurationFile(path, limit: Self.limit)
    guard let model = file["model"], model.object != nil else { throw file.error("has no object \"model\"") }
    // Old files do not name the type.
    if let type = model["type"], type.string != "BPE" {
      throw file.error("its model is of the type \"\(type.string ?? "?")\"; CLIP's is BPE")
    }
    guard let vocabulary = model["vocab"]?.object, let list = model["merges"]?.array else {
      throw file.error("its model has no \"vocab\" object and \"merges\" list")
    }
    var merges: [(ByteString, ByteString)] = []
    merges.reserveCapacity(list.count)
    for (index, merge) in list.enumerated() {
      if let text = merge.string, let pair = Self.pair(text) {
        merges.append(pair)
      } else if let parts = merge.array, parts.count == 2, let left = parts[0].string, let right = parts[1].string {
        merges.append((left, right))
      } else {
        throw file.error("merge \(index + 1) is not a pair of tokens")
      }
    }
    if let prefix = model["continuing_subword_prefix"]?.string, !prefix.bytes.isEmpty {
      throw file.error("uses the continuing_subword_prefix \"\(prefix)\"; CLIP's tokenizer has none")
    }
    self.path = path
    self.merges = merges
    entries = vocabulary.members.map { ($0.name, $0.value.integer) }
    suffix = model["end_of_word_suffix"]?.string ?? ""
    unknown = model["unk_token"]?.string
    var added: [(token: AddedToken, id: Int?)] = []
    for token in file["added_tokens"]?.array ?? [] {
      guard let read = AddedToken(token, isSpecial: true), let id = token["id"]?.integer else {
        throw file.error("an entry of \"added_tokens\" has no \"content\" or no \"id\"")
      }
      added.append((read, id))
    }
    self.added = added
  }

  /// The two halves of "a b".
  private static func pair(_ text: ByteString) -> (ByteString, ByteString)? {
    let parts = text.bytes.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
    return (ByteString(parts[0]), ByteString(parts[1]))
  }
}
