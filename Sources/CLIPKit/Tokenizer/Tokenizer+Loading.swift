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
    var added: [(token: AddedToken, id: Int)] = []
    var ids: [ByteString: Int] = [:]
    var next = vocabulary.count
    for entry in special.added {
      // The vocabulary decides where it can; what it lacks gets the id that is claimed for it, or the next free one.
      let id = vocabulary.id(of: entry.token.content) ?? entry.id ?? next
      if let claimed = entry.id, claimed != id || !(0...Vocabulary.highestID).contains(id) {
        throw FileError(
          .malformed, file.path,
          "the added token \"\(entry.token.content)\" has the id \(claimed)"
            + (claimed != id ? ", but \(id) in the vocabulary" : ", which is no token id"))
      }
      if vocabulary.id(of: entry.token.content) == nil, let owner = vocabulary.entry(id) {
        throw FileError(
          .malformed, file.path, "the id \(id) stands for two tokens, \"\(owner)\" and \"\(entry.token.content)\"")
      }
      next = max(next, id + 1)
      added.append((entry.token, id))
      ids[entry.token.content] = id
    }
    func named(_ token: AddedToken) throws(FileError) -> Int {
      if let id = ids[token.content] ?? vocabulary.id(of: token.content) { return id }
      throw FileError(.malformed, file.path, "has no token \"\(token.content)\", which its sequences need")
    }
    self.vocabulary = vocabulary
    start = try named(special.start)
    end = try named(special.end)
    padding = try named(special.padding)
    addedTokens = AddedTokens(added)
  }
}
