package import TensorKit

/// 77 tokens, as many as CLIP's text encoder takes at once: start, 75 of the prompt, end; and their weights.
package struct PromptChunk: Sendable, Hashable {
  /// [t]
  package let ids: [Int]
  /// [t]; 1 for start, end and what fills up.
  package let weights: [Float]
  /// How many of them are the prompt's.
  package let promptCount: Int
}

extension Tokenizer {
  /// The tokens of `pieces` in as many chunks of `length` as it takes; at least one.
  ///
  /// As AUTOMATIC1111 does it: where a chunk is full and there was a comma not more than 20 tokens ago, what follows the comma
  /// moves to the next chunk, so that a phrase is not torn.
  package func chunks(of pieces: [PromptPiece], length: Int = 77) -> [PromptChunk] {
    precondition(length >= 3, "\(length) ids leave no room between start and end")
    var builder = ChunkBuilder(tokenizer: self, room: length - 2)
    for piece in pieces {
      switch piece {
      case .chunkBreak: builder.endChunk()
      case .text(let text, let weight):
        for group in learnedWords.groups(of: text, by: self) { builder.append(group, weight: Float(weight)) }
      }
    }
    return builder.finished()
  }
}

private struct ChunkBuilder {
  let tokenizer: Tokenizer
  /// Tokens that go between start and end.
  let room: Int
  private let comma: Int?
  /// So far a comma may be back for a chunk to end behind it.
  private static let patience = 20

  private var chunks: [PromptChunk] = []
  private var tokens: [(id: Int, weight: Float)] = []
  private var lastComma: Int?

  init(tokenizer: Tokenizer, room: Int) {
    self.tokenizer = tokenizer
    self.room = room
    let ids = tokenizer.ids(for: ",")
    comma = ids.count == 1 ? ids[0] : nil
  }

  /// Appends ids that must stand in one chunk: a single one, or a learned word's, of which there are no more than a chunk
  /// takes.
  mutating func append(_ ids: ArraySlice<Int>, weight: Float) {
    if ids.count == 1, ids.first == comma {
      lastComma = tokens.count
    } else if tokens.count == room, let lastComma, room - lastComma <= Self.patience {
      let torn = tokens[(lastComma + 1)...]
      tokens.removeSubrange((lastComma + 1)...)
      endChunk()
      tokens = Array(torn)
    }
    if tokens.count + ids.count > room { endChunk() }
    tokens += ids.map { (id: $0, weight: weight) }
  }

  mutating func endChunk() {
    let ids = [tokenizer.start] + tokens.map(\.id) + [tokenizer.end]
    let fill = room + 2 - ids.count
    chunks.append(
      PromptChunk(
        ids: ids + Array(repeating: tokenizer.padding, count: fill),
        weights: [1] + tokens.map(\.weight) + Array(repeating: 1, count: fill + 1), promptCount: tokens.count))
    tokens = []
    lastComma = nil
  }

  /// All chunks, the last of them filled up.
  mutating func finished() -> [PromptChunk] {
    if !tokens.isEmpty || chunks.isEmpty { endChunk() }
    return chunks
  }
}

extension TextEncoder {
  /// What the picture model is conditioned on, chunks one below the other: [chunks · t, width].
  ///
  /// Each token's row is multiplied by the token's weight, and then the whole chunk by what brings its mean back to what it
  /// was, as AUTOMATIC1111 does: emphasis shifts attention, not brightness.
  package func conditioning(_ chunks: [PromptChunk], clipSkip: Int = 1) -> Tensor {
    let plain = conditioning(chunks.map(\.ids), clipSkip: clipSkip)
    let (length, width) = (plain.shape[1], plain.shape[2])
    let rows = plain.reshaped([chunks.count * length, width])
    guard chunks.contains(where: { $0.weights.contains { $0 != 1 } }) else { return rows }
    return Tensor.concatenated(
      chunks.enumerated().map { index, chunk in
        let states = rows.rows(index * length..<(index + 1) * length)
        return chunk.weights.allSatisfy { $0 == 1 } ? states : states.emphasised(chunk.weights)
      })
  }
}

extension Tensor {
  /// Rows times `weights`, then everything times the old mean over the new one.
  fileprivate func emphasised(_ weights: [Float]) -> Tensor {
    var (before, after) = (0.0, 0.0)
    var elements = elements
    for index in elements.indices {
      before += Double(elements[index])
      elements[index] *= weights[index / width]
      after += Double(elements[index])
    }
    let result = Tensor(elements, shape: shape)
    // Weights that cancel leave no mean to bring back.
    return after == 0 ? result : Float(before / after) * result
  }
}
