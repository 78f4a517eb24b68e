import CKernels

/// Scaled dot-product attention of several heads (Vaswani et al. 2017, arXiv 1706.03762, equation 1).
///
/// Queries, keys and values stand side by side in one tensor, [batch · tokens, 3 · width], as one product makes them;
/// head h owns the h-th part of each.
package struct Attention: Sendable {
  /// The number of heads; divides the width.
  package let heads: Int
  /// The number of tokens of one sequence.
  package let tokens: Int
  /// Whether a token sees only itself and those before it.
  package let isCausal: Bool

  /// Attention among `tokens` tokens.
  package init(heads: Int, tokens: Int, isCausal: Bool) {
    self.heads = heads
    self.tokens = tokens
    self.isCausal = isCausal
  }

  private func factor(_ headWidth: Int) -> Float { 1 / Float(headWidth).squareRoot() }

  /// softmax(q kᵀ / √d) v of every head: [batch · tokens, 3 · width] to [batch · tokens, width].
  package func callAsFunction(_ queriesKeysValues: Tensor) -> Tensor {
    let width = queriesKeysValues.width / 3
    let headWidth = width / heads
    let sequences = queriesKeysValues.rows / tokens
    precondition(queriesKeysValues.width == 3 * heads * headWidth && queriesKeysValues.rows == sequences * tokens)
    return unsafe Tensor(uninitialized: Array(queriesKeysValues.shape.dropLast()) + [width]) { buffer in
      let shared = unsafe SharedElements(buffer)
      parallel(sequences * heads) { range in
        for index in range {
          let (sequence, head) = index.quotientAndRemainder(dividingBy: heads)
          let parts = views(queriesKeysValues, sequence: sequence, head: head)
          let weights = probabilities(parts.queries, parts.keys)  // [tokens, tokens]
          let offset = sequence * tokens * width + head * headWidth
          unsafe multiply(
            MatrixView(weights), by: parts.values, into: shared.part(offset, (tokens - 1) * width + headWidth),
            resultStride: width)
        }
      }
    }
  }

  /// The pullback: dy [batch · tokens, width] to the cotangent of queries, keys and values.
  ///
  /// The forward was p = softmax(q kᵀ / √d), y = p v; so dv = pᵀ dy, dp = dy vᵀ, and with ds the softmax's pullback of dp,
  /// dq = ds k and dk = dsᵀ q.
  package func pullback(_ dy: Tensor, queriesKeysValues: Tensor) -> Tensor {
    let width = queriesKeysValues.width / 3
    let headWidth = width / heads
    let sequences = queriesKeysValues.rows / tokens
    precondition(dy.rows == queriesKeysValues.rows && dy.width == width)
    return unsafe Tensor(uninitialized: queriesKeysValues.shape) { buffer in
      let shared = unsafe SharedElements(buffer)
      parallel(sequences * heads) { range in
        for index in range {
          let (sequence, head) = index.quotientAndRemainder(dividingBy: heads)
          let parts = views(queriesKeysValues, sequence: sequence, head: head)
          let dyView = MatrixView(
            dy, offset: sequence * tokens * width + head * headWidth, rows: tokens, columns: headWidth)
          let weights = probabilities(parts.queries, parts.keys)
          let dscores = scoreCotangent(weights, dyView, parts.values, factor: factor(headWidth))
          let offset = sequence * tokens * 3 * width + head * headWidth
          let length = (tokens - 1) * 3 * width + headWidth
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
    _ tensor: Tensor, sequence: Int, head: Int
  ) -> (queries: MatrixView, keys: MatrixView, values: MatrixView) {
    let headWidth = tensor.width / 3 / heads
    func view(_ part: Int) -> MatrixView {
      MatrixView(
        tensor, offset: sequence * tokens * tensor.width + (part * heads + head) * headWidth, rows: tokens,
        columns: headWidth)
    }
    return (view(0), view(1), view(2))
  }

  /// softmax(q kᵀ / √d), [tokens, tokens]; zero above the diagonal where attention is causal.
  private func probabilities(_ queries: MatrixView, _ keys: MatrixView) -> Tensor {
    unsafe Tensor(uninitialized: [tokens, tokens]) { scores in
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
    unsafe Tensor(uninitialized: [tokens, tokens]) { dscores in
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
