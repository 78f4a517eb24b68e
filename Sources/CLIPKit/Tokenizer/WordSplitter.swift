/// Splits normalised text into the words whose bytes are merged.
///
/// The reference applies two patterns, CLIP's and then GPT-2's within each match of the first:
///
///     <\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///
/// The second changes something only for the two names, which it takes apart again.
enum WordSplitter {
  private static let names = ["<|startoftext|>", "<|endoftext|>"].map { Array($0.unicodeScalars) }
  private static let contractions = ["s", "t", "re", "ve", "m", "ll", "d"].map { Array(("'" + $0).unicodeScalars) }

  /// Calls `body` with every word of `text`, in order.
  static func forEachWord(_ text: [Unicode.Scalar], _ body: (ArraySlice<Unicode.Scalar>) -> Void) {
    var position = 0
    while position < text.count {
      let rest = text[position...]
      let scalarClass = ScalarClass(text[position])
      if text[position] == "<", let name = names.first(where: { rest.starts(with: $0) }) {
        let last = position + name.count
        body(text[position..<position + 2])
        body(text[position + 2..<last - 2])
        body(text[last - 2..<last])
        position = last
      } else if text[position] == "'", let contraction = contractions.first(where: { rest.starts(with: $0) }) {
        body(rest.prefix(contraction.count))
        position += contraction.count
      } else if scalarClass == .space {
        position += 1
      } else if scalarClass == .number {
        body(rest.prefix(1))
        position += 1
      } else {
        var last = position + 1
        while last < text.count, ScalarClass(text[last]) == scalarClass { last += 1 }
        body(text[position..<last])
        position = last
      }
    }
  }
}
