import Files

/// CLIP's tokenizer: text to ids and back, equal to `CLIPTokenizer` of transformers 5.23.
///
/// What it does, in order: added tokens such as `<|endoftext|>` are cut out of the text; the rest is normalised
/// (`TextNormalization`), split into words (`WordSplitter`), and each word's UTF-8 bytes are merged into ever longer
/// vocabulary entries (`BytePairEncoding`). Sennrich et al. 2016 (arXiv 1508.07909); byte level as in GPT-2.
package struct Tokenizer: Sendable {
  let vocabulary: Vocabulary
  let addedTokens: AddedTokens
  /// The id that begins every sequence (49406 in OpenAI's vocabulary).
  package let start: Int
  /// The id that ends every sequence (49407 in OpenAI's vocabulary).
  package let end: Int
  /// The id that fills a sequence up: `end` in Stable Diffusion 1.x, the id of "!" (0) in some others.
  package let padding: Int
  /// Words that textual inversions have taught the text encoder.
  package var learnedWords = LearnedWords()

  /// One more than the highest id; a text encoder needs at least as many token embeddings.
  package var count: Int { max(vocabulary.count, addedTokens.count) }

  /// The ids of `text`, as many as it takes, without start and end.
  package func ids(for text: String) -> [Int] {
    var ids: [Int] = []
    var encoder = BytePairEncoding(vocabulary: vocabulary)
    for part in addedTokens.split(Array(text.utf8)) {
      switch part {
      case .token(let id): ids.append(id)
      case .text(let scalars): WordSplitter.forEachWord(scalars) { encoder.append(word: $0, to: &ids) }
      }
    }
    return ids
  }

  /// The ids of `text` between `start` and `end`, cut off or filled up to `length` ids: at least 2, and 77 is what CLIP's
  /// text encoder was trained with. `padding` is the id to fill up with, the tokenizer's own if nil.
  package func encode(_ text: String, length: Int = 77, padding: Int? = nil) -> [Int] {
    precondition(length >= 2, "\(length) ids leave no room for start and end")
    let sequence = [start] + ids(for: text).prefix(length - 2) + [end]
    return sequence + Array(repeating: padding ?? self.padding, count: length - sequence.count)
  }

  /// What the id stands for, for people to read; nil for an id that is not used.
  ///
  /// Bytes that are only a part of a character appear as U+FFFD. The mark of a word's end is left out (`endsWord`).
  package func piece(_ id: Int) -> String? {
    if let name = addedTokens.name(of: id) { return String(decoding: name.bytes, as: UTF8.self) }
    return vocabulary.bytes(of: id).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether the id is one that ends a word.
  package func endsWord(_ id: Int) -> Bool { vocabulary.endsWord(id) }

  /// The text of `ids`, words separated by a space; added tokens appear by name. Spaces and capitals of the original
  /// are lost, so this is for people to read.
  package func decode(_ ids: some Sequence<Int>) -> String {
    var bytes: [UInt8] = []
    for id in ids {
      if let name = addedTokens.name(of: id) {
        bytes += name.bytes + [UInt8(ascii: " ")]
      } else if let part = vocabulary.bytes(of: id) {
        bytes += part
        if endsWord(id) { bytes.append(UInt8(ascii: " ")) }
      }
    }
    if bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
