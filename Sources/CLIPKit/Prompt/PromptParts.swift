/// One of the prompts that `AND` joins (Liu et al. 2022, "Compositional visual generation", arXiv 2206.01714): the model's
/// answers to all of them are added up.
package struct PromptPart: Sendable, Hashable {
  package let text: String
  /// How much its answer counts; 1 where nothing is said. May be negative.
  package let weight: Double

  package init(text: String, weight: Double) { (self.text, self.weight) = (text, weight) }

  /// The parts of `prompt`: what stands between the words `AND`, each with a number behind a colon at its end if it has one.
  package static func parts(of prompt: String) -> [PromptPart] {
    prompt.splitAtWords("AND").map { text in
      guard let colon = text.lastIndex(of: ":"), let weight = Double(decimal: text[text.index(after: colon)...]) else {
        return PromptPart(text: text, weight: 1)
      }
      var words = text[..<colon]
      while words.last?.isWhitespace == true { words.removeLast() }
      return PromptPart(text: String(words), weight: weight)
    }
  }
}

extension Double {
  /// The number that `text` is but for white space around it: digits with at most one point, perhaps a sign in front.
  init?(decimal text: some StringProtocol) {
    let digits = text.drop { $0.isWhitespace }
    let end = digits.lastIndex { !$0.isWhitespace }.map { digits.index(after: $0) } ?? digits.startIndex
    let number = digits[..<end]
    guard number.utf8.allSatisfy({ "+-.0123456789".utf8.contains($0) }), let value = Double(String(number)) else {
      return nil
    }
    self = value
  }
}

extension String {
  /// What stands between the places where `word` stands alone, not as part of a longer one.
  func splitAtWords(_ word: String) -> [String] {
    let (text, word) = (Array(unicodeScalars), Array(word.unicodeScalars))
    func continuesWord(_ index: Int) -> Bool {
      guard text.indices.contains(index) else { return false }
      let scalar = text[index]
      return scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
    var parts: [String] = []
    var (start, position) = (0, 0)
    while position + word.count <= text.count {
      let end = position + word.count
      if text[position..<end].elementsEqual(word), !continuesWord(position - 1), !continuesWord(end) {
        parts.append(String(String.UnicodeScalarView(text[start..<position])))
        start = end
        position = end
      } else {
        position += 1
      }
    }
    return parts + [String(String.UnicodeScalarView(text[start...]))]
  }
}
