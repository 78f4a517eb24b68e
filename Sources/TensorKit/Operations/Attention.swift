import CKernels

/// Scaled dot-product attention of several heads (Vaswani et al. 2017, arXiv 1706.03762, equation 1).
///
/// Queries, keys and values stand side by side in one tensor, [tokens, 3 · width], as one product makes them;
/// head h owns the h-th part of each.
package struct Attention: Sendable {
  /// The number of heads; divides the width.
  package let heads: Int
  /// The sequences, as ranges of rows; tokens of different sequences do not see each other.
  private let sequences: [Range<Int>]
  /// Whether a token sees only itself and those before it.
  package let isCausal: Bool

  /// Attention within each of the sequences of these lengths, which follow each other.
  package init(heads: Int, lengths: [Int], isCausal: Bool) {
    self.heads = heads
    self.isCausal = isCausal
    var start = 0
    sequences = lengths.map { length in
      defer { start += length }
      return start..<start + length
    }
  }

  /// The number of rows of all sequences.
  private var rowCount: Int { sequences.last?.upperBound ?? 0 }

  private func factor(_ headWidth: Int) -> Float { 1 / Float(headWidth).squareRoot() }

  /// softmax(q kᵀ / √d) v of every head: [tokens, 3 · width] to [tokens, width].
  package func callAsFunction(_ queriesKeysValues: Tensor) -> Tensor {
    let width = queriesKeysValues.width / 3
    let headWidth = width / heads
    precondition(queriesKeysValues.width == 3 * heads * headWidth && queriesKeysValues.rows == rowCount)
    return unsafe Tensor(uninitialized: Array(queriesKeysValues.shape.dropLast()) + [width]) { buffer in
      let shared = unsafe SharedElements(buffer)
      parallel(sequences.count * heads) { range in
        for index in range {
          let (sequence, head) = (sequences[index / heads], index % heads)
          let parts = views(queriesKeysValues, sequence: sequence, head: head)
          let weights = probabilities(parts.queries, parts.keys)  // [tokens, tokens]
          let offset = sequence.lowerBound * width + head * headWidth
          unsafe multiply(
            MatrixView(weights), by: parts.values, into: shared.part(offset, (sequence.count - 1) * width + headWidth),
            resultStride: width)
        }
      }
    }
  }

  /// The pullback: dy [tokens, width] to the cotangent of queries, keys and values.
  ///
  /// The forward was p = softmax(q kᵀ / √d), y = p v; so dv = pᵀ dy, dp = dy vᵀ, and with ds the softmax's pullback of dp,
  /// dq = ds k and dk = dsᵀ q.
  package func pullback(_ dy: Tensor, queriesKeysValues: Tensor) -> Tensor {
    let width = queriesKeysValues.width / 3
    let headWidth = width / heads
    precondition(dy.rows == rowCount && queriesKeysValues.rows == rowCount && dy.width == width)
    return unsafe Tensor(uninitialized: queriesKeysValues.shape) { buffer in
      let shared = unsafe SharedElements(buffer)
      parallel(sequences.count * heads) { range in
        for index in range {
          let (sequence, head) = (sequences[index / heads], index % heads)
          let parts = views(queriesKeysValues, sequence: sequence, head: head)
          let dyView = MatrixView(
            dy, offset: sequence.lowerBound * width + head * headWidth, rows: sequence.count, columns: headWidth)
          let weights = probabilities(parts.queries, parts.keys)
          let dscores = scoreCotangent(weights, dyView, parts.values, factor: factor(headWidth))
          let offset = sequence.lowerBound * 3 * width + head * headWidth
          let length = (sequence.count - 1) * 3 * width + headWidth
          unsafe multiply(
            MatrixView(dscores), by: parts.keys, into: shared.part(offset, length), resultStride: 3 * width)
          unsafe multiply(
            MatrixView(dscores), transposed: true, by: parts.queries, into: shared.part(offset + width, length),
            resultStride: 3 * width)
          unsafe multiply(
            MatrixView(weights), transposed: true, by: dyView, into: shared.part(offset + 2 * width, length),
            resultStride: 3 * width)
        }
      }
    }
  }

  private func views(
    _ tensor: Tensor, sequence: Range<Int>, head: Int
  ) -> (queries: MatrixView, keys: MatrixView, values: MatrixView) {
    let headWidth = tensor.width / 3 / heads
    func view(_ part: Int) -> MatrixView {
      MatrixView(
        tensor, offset: sequence.lowerBound * tensor.width + (part * heads + head) * headWidth, rows: sequence.count,
        columns: headWidth)
    }
    return (view(0), view(1), view(2))
  }

  /// softmax(q kᵀ / √d), [tokens, tokens]; zero above the diagonal where attention is causal.
  private func probabilities(_ queries: MatrixView, _ keys: MatrixView) -> Tensor {
    let tokens = queries.rows
    return unsafe Tensor(uninitialized: [tokens, tokens]) { scores in
      unsafe multiply(queries, by: keys, otherTransposed: true, into: scores, resultStride: tokens)
      for row in 0..<tokens {
        let seen = isCausal ? row + 1 : tokens
        let line = unsafe UnsafeMutableBufferPointer(rebasing: scores[row * tokens..<(row + 1) * tokens])
        unsafe ag_softmax(line.baseAddress, factor(queries.columns), seen)
        for column in seen..<tokens { unsafe line[column] = 0 }
      }
    }
  }

  private func scoreCotangent(_ weights: Tensor, _ dy: MatrixView, _ values: MatrixView, factor: Float) -> Tensor {
    let tokens = dy.rows
    return unsafe Tensor(uninitialized: [tokens, tokens]) { dscores in
      unsafe multiply(dy, by: values, otherTransposed: true, into: dscores, resultStride: tokens)
      unsafe weights.withUnsafeElements { weights in
        guard let scores = dscores.baseAddress, let weights = weights.baseAddress else { return }
        for row in 0..<tokens {
          unsafe ag_softmax_pullback(weights + row * tokens, scores + row * tokens, factor, tokens)
        }
      }
    }
  }
}
