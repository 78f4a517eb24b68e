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
  private let isSplit: Bool
  private let packed: Tensor  // [sequences · heads, …]

  /// The fewest keys for which the matrix unit is worth its groups of 32.
  private static let fewestSplitKeys = 128

  /// Packs rows [sequences · count, …] that hold, from the given places on, keys and values of heads · headWidth numbers. With
  /// `exactly`, sums are of Float32 products even where the CPU's matrix unit would be faster (`SplitProduct`).
  package init(
    _ rows: Tensor, sequences: Int, heads: Int, headWidth: Int, keysAt: Int, valuesAt: Int, exactly: Bool = false
  ) {
    precondition(sequences > 0 && rows.rows % sequences == 0, "\(rows.rows) rows are not \(sequences) sequences")
    precondition(max(keysAt, valuesAt) + heads * headWidth <= rows.width, "keys outside of rows of \(rows.width)")
    let count = rows.rows / sequences
    (self.sequences, self.heads, self.count, self.headWidth) = (sequences, heads, count, headWidth)
    let stride = rows.width
    let isSplit = !exactly && count >= Self.fewestSplitKeys && ag_has_matrix_unit() != 0
    self.isSplit = isSplit
    let length =
      isSplit
      ? ag_split_keys_size(count, headWidth) / MemoryLayout<Float>.size : ag_packed_keys_count(count, headWidth)
    packed = unsafe Tensor(shape: [sequences * heads, length], piecesPerThread: 4) { range, output in
      unsafe rows.withUnsafeElements { rows in
        guard let start = rows.baseAddress, let output = output.baseAddress else { return }
        for (place, index) in range.enumerated() {
          let corner = unsafe start + index / heads * count * stride + index % heads * headWidth
          let (keys, values, target) = unsafe (corner + keysAt, corner + valuesAt, output + place * length)
          if isSplit {
            unsafe ag_pack_split_keys(keys, values, stride, target, count, headWidth)
          } else {
            unsafe ag_pack_keys(keys, values, stride, target, count, headWidth)
          }
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
      parallel(sequences * heads * blocks, piecesPerThread: 16) { range in
        let scratchBytes =
          isSplit ? ag_split_attend_scratch(headWidth) : ag_attend_scratch(headWidth) * MemoryLayout<Float>.size
        unsafe withUnsafeTemporaryAllocation(byteCount: scratchBytes, alignment: 64) { scratch in
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
                let (seeing, keys) = unsafe (rows + row * stride + head * headWidth, packed + pair * length)
                if isSplit {
                  unsafe ag_split_attend(
                    seeing, stride, keys, count, headWidth, target.baseAddress, width, lines.count, scratch.baseAddress)
                } else {
                  unsafe ag_attend(
                    seeing, stride, keys, count, headWidth, target.baseAddress, width, lines.count,
                    scratch.assumingMemoryBound(to: Float.self).baseAddress)
                }
              }
            }
          }
        }
      }
    }
  }
}
