/// Words whose tokens stand for others: those of textual inversions (Gal et al. 2022, arXiv 2208.01618).
///
/// As in AUTOMATIC1111's web interface, a word is found wherever its tokens follow each other, the longest of several first.
package struct LearnedWords: Sendable {
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

  /// `tokens` with the ids of learned words in their places, each word as one group and each other token as one.
  func groups(_ tokens: [Int]) -> [ArraySlice<Int>] {
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
