import CKernels

/// Keys and values of several sequences and heads, packed for attention without a mask whose scores are never all in
/// memory: softmax(q kᵀ / √d) v (Vaswani et al. 2017, arXiv 1706.03762, equation 1) in tiles with an online softmax.
///
/// For inference. Keys and values that stay the same over many calls, as those of a conditioning, are packed once.
package struct PackedKeys: Sendable {
  package let sequences: Int
  package let heads: Int
  /// The keys of each sequence.
  package let count: Int
  /// The length of each key.
  package let headWidth: Int
  private let packed: Tensor  // [sequences · heads, …]

  /// Packs rows [sequences · count, …] that hold, from the given places on, keys and values of heads · headWidth numbers.
  package init(_ rows: Tensor, sequences: Int, heads: Int, headWidth: Int, keysAt: Int, valuesAt: Int) {
    precondition(sequences > 0 && rows.rows % sequences == 0, "\(rows.rows) rows are not \(sequences) sequences")
    precondition(max(keysAt, valuesAt) + heads * headWidth <= rows.width, "keys outside of rows of \(rows.width)")
    let count = rows.rows / sequences
    (self.sequences, self.heads, self.count, self.headWidth) = (sequences, heads, count, headWidth)
    let stride = rows.width
    packed = unsafe Tensor(
      shape: [sequences * heads, ag_packed_keys_count(count, headWidth)], piecesPerThread: 4
    ) { range, output in
      unsafe rows.withUnsafeElements { rows in
        guard let start = rows.baseAddress, let output = output.baseAddress else { return }
        let length = ag_packed_keys_count(count, headWidth)
        for (place, index) in range.enumerated() {
          let corner = unsafe start + index / heads * count * stride + index % heads * headWidth
          unsafe ag_pack_keys(corner + keysAt, corner + valuesAt, stride, output + place * length, count, headWidth)
        }
      }
    }
  }

  /// What the queries see: rows [sequences · n, …] with queries of heads · headWidth numbers at their beginning, to
  /// [sequences · n, heads · headWidth].
  package func attended(by rows: Tensor) -> Tensor {
    let (width, stride, queries) = (heads * headWidth, rows.width, rows.rows / sequences)
    precondition(rows.rows == sequences * queries && width <= stride, "\(sequences) sequences of \(rows.shape)")
    let length = packed.width
    return unsafe Tensor(uninitialized: [rows.rows, width]) { output in
      let shared = unsafe SharedElements(output)
      // A head's queries in blocks: neighbours in this order share their keys.
      let block = 64
      let blocks = (queries + block - 1) / block
      parallel(sequences * heads * blocks, piecesPerThread: 4) { range in
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: ag_attend_scratch(headWidth)) { scratch in
          unsafe rows.withUnsafeElements { rows in
            unsafe packed.withUnsafeElements { packed in
              guard let rows = rows.baseAddress, let packed = packed.baseAddress else { return }
              for index in range {
                let (pair, part) = (index / blocks, index % blocks)
                let (sequence, head) = (pair / heads, pair % heads)
                let lines = part * block..<min(queries, (part + 1) * block)
                let row = sequence * queries + lines.lowerBound
                let target = unsafe shared.part(
                  row * width + head * headWidth, (lines.count - 1) * width + headWidth)
                unsafe ag_attend(
                  rows + row * stride + head * headWidth, stride, packed + pair * length, count, headWidth,
                  target.baseAddress, width, lines.count, scratch.baseAddress)
              }
            }
          }
        }
      }
    }
  }
}
