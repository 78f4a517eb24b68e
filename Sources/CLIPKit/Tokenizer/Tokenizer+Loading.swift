package import Files
package import SystemPackage

extension Tokenizer {
  /// The tokenizer of a model folder, or of the folder `tokenizer` in it.
  ///
  /// Read are `tokenizer.json`, else `vocab.json` and `merges.txt`, and which tokens are special from
  /// `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`, with transformers' precedence.
  package init(folder: FilePath) throws(FileError) {
    let candidates = [folder, folder.appending("tokenizer")]
    for candidate in candidates {
      if candidate.appending("tokenizer.json").exists {
        let file = try TokenizerFile(single: candidate.appending("tokenizer.json"))
        self = try Tokenizer(file, special: SpecialTokens(folder: candidate, added: file.added))
        return
      }
      let vocabulary = candidate.appending("vocab.json")
      let merges = candidate.appending("merges.txt")
      if vocabulary.exists, merges.exists {
        let file = try TokenizerFile(vocabulary: vocabulary, merges: merges)
        self = try Tokenizer(file, special: SpecialTokens(folder: candidate, added: file.added))
        return
      }
    }
    throw FileError(
      .missing, folder, "holds no tokenizer: neither tokenizer.json nor vocab.json with merges.txt",
      hint: "they may also stand in its folder tokenizer/")
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
          .malformed, file.path, "the added token \"\(entry.token.content)\" has the id \(claimed)"
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
