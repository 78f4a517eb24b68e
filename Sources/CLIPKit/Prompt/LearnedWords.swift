/// Words whose tokens stand for others: those of textual inversions (Gal et al. 2022, arXiv 2208.01618).
///
/// As in AUTOMATIC1111's web interface, a word is found wherever its tokens follow each other, the longest of several
/// first. Words in angle brackets, as diffusers has them, are found in the text itself, whatever stands beside them.
package struct LearnedWords: Sendable {
  /// Words in angle brackets, longest first.
  private var bracketed: [(word: String, ids: [Int])] = []
  /// By the first token: the whole word, and the ids that stand for it.
  private var words: [Int: [(word: [Int], ids: [Int])]] = [:]

  /// No words.
  package init() {}

  /// Adds a word of these tokens that stands for `ids`; a word that is there already stays.
  package mutating func add(_ word: [Int], standsFor ids: Range<Int>) {
    guard let first = word.first, !words[first, default: []].contains(where: { $0.word == word }) else { return }
    words[first, default: []].append((word, Array(ids)))
    words[first]?.sort { $0.word.count > $1.word.count }
  }

  /// Adds a word of this text, as `tokenizer` cuts it.
  mutating func add(_ word: String, standsFor ids: Range<Int>, _ tokenizer: Tokenizer) {
    guard word.hasPrefix("<"), word.hasSuffix(">") else { return add(tokenizer.ids(for: word), standsFor: ids) }
    bracketed.append((word, Array(ids)))
    bracketed.sort { $0.word.utf8.count > $1.word.utf8.count }
  }

  /// The tokens of `text` by `tokenizer`, with the ids of learned words in their places, each word as one group and
  /// each other token as one.
  func groups(of text: String, by tokenizer: Tokenizer) -> [ArraySlice<Int>] {
    for (word, ids) in bracketed {
      let parts = text.split(separator: word, omittingEmptySubsequences: false)
      if parts.count > 1 {
        let groups = parts.map { self.groups(of: String($0), by: tokenizer) }
        return Array(groups.joined(separator: [ids[...]]))
      }
    }
    return groups(tokenizer.ids(for: text))
  }

  /// `tokens` with the ids of learned words in their places, each word as one group and each other token as one.
  private func groups(_ tokens: [Int]) -> [ArraySlice<Int>] {
    var groups: [ArraySlice<Int>] = []
    var position = 0
    while position < tokens.count {
      let found = words[tokens[position]]?.first { tokens[position...].starts(with: $0.word) }
      groups.append(found.map { $0.ids[...] } ?? tokens[position...position])
      position += found?.word.count ?? 1
    }
    return groups
  }
}
