extension Tokenizer {
  /// The ids of `text` in as many sequences of `length` as it takes, each between `start` and `end`; one for no text.
  ///
  /// Stable Diffusion's programs take long prompts in such pieces and join what the text encoder makes of them.
  package func chunks(of text: String, length: Int = 77) -> [[Int]] {
    precondition(length >= 3, "\(length) ids leave no room between start and end")
    let all = ids(for: text)
    return stride(from: 0, to: max(1, all.count), by: length - 2).map { first in
      let sequence = [start] + all[first..<min(first + length - 2, all.count)] + [end]
      return sequence + Array(repeating: padding, count: length - sequence.count)
    }
  }
}
