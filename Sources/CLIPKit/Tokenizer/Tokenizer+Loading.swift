package import Files
package import SystemPackage

extension Tokenizer {
  /// The tokenizer of a model folder, or of the folder `tokenizer` in it.
  ///
  /// Read are `tokenizer.json`, else `vocab.json` and `merges.txt`, and which tokens are special from
  /// `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`, with transformers' precedence.
  package init(folder: FilePath) throws(FileError) {
    guard let place = Self.place(in: folder) else {
      throw FileError(
        .missing, folder, "holds no tokenizer: neither tokenizer.json nor vocab.json with merges.txt",
        hint: "they may also stand in its folder tokenizer/")
    }
    let single = place.appending("tokenizer.json")
    let file =
      single.isFile
      ? try TokenizerFile(single: single)
      : try TokenizerFile(vocabulary: place.appending("vocab.json"), merges: place.appending("merges.txt"))
    self = try Tokenizer(file, special: SpecialTokens(folder: place, added: file.added))
  }

  /// Whether there is a tokenizer in `folder` or its folder `tokenizer`.
  static func isPresent(in folder: FilePath) -> Bool { place(in: folder) != nil }

  private static func place(in folder: FilePath) -> FilePath? {
    [folder, folder.appending("tokenizer")].first { place in
      place.appending("tokenizer.json").isFile
        || place.appending("vocab.json").isFile && place.appending("merges.txt").isFile
    }
  }

  private init(_ file: TokenizerFile, special: SpecialTokens) throws(FileError) {
    let vocabulary = try Vocabulary(
      entries: file.entries, merges: file.merges, suffix: file.suffix, unknown: file.unknown ?? special.unknown.content,
      path: file.path)
    let added = try Self.numbered(special, vocabulary, file.path)
    func id(_ token: AddedToken) -> Int? {
      vocabulary.id(of: token.content) ?? added.first { $0.token.content == token.content }?.id
    }
    // The text encoder was trained with these two; made-up ids would have no meaning to it.
    let known = Set(special.added.filter { $0.id != nil }.map(\.token.content))
    for token in [special.start, special.end]
    where vocabulary.id(of: token.content) == nil && !known.contains(token.content) {
      throw FileError(.malformed, file.path, "has no token \"\(token.content)\", which its sequences need")
    }
    guard let start = id(special.start), let end = id(special.end), let padding = id(special.padding) else {
      throw FileError(.malformed, file.path, "has no token to begin, end or fill up a sequence")
    }
    self.init(
      vocabulary: vocabulary, addedTokens: AddedTokens(added), start: start, end: end, padding: padding)
  }

  /// The added tokens with their ids. The vocabulary decides where it can; what it lacks gets the id that a file claims
  /// for it, or the next free one.
  private static func numbered(
    _ special: SpecialTokens, _ vocabulary: Vocabulary, _ path: FilePath
  ) throws(FileError) -> [(token: AddedToken, id: Int)] {
    var added: [(token: AddedToken, id: Int)] = []
    var owners: [Int: ByteString] = [:]
    var next = vocabulary.count
    for (token, claimed) in special.added {
      let own = vocabulary.id(of: token.content)
      let id = own ?? claimed ?? next
      if let claimed, claimed != id {
        throw FileError(
          .malformed, path, "the added token \"\(token.content)\" has the id \(claimed), but \(id) in the vocabulary")
      }
      guard (0...Vocabulary.highestID).contains(id) else {
        throw FileError(.malformed, path, "the added token \"\(token.content)\" has the id \(id), which is no token id")
      }
      let owner = owners.updateValue(token.content, forKey: id) ?? (own == nil ? vocabulary.entry(id) : nil)
      if let owner, owner != token.content {
        throw FileError(.malformed, path, "the id \(id) stands for two tokens, \"\(owner)\" and \"\(token.content)\"")
      }
      next = max(next, id + 1)
      added.append((token, id))
    }
    return added
  }
}
