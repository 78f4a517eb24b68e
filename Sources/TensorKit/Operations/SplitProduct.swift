import CKernels

/// y = activation(x Wᵀ + b) on the CPU's matrix unit, every Float32 split into two bfloat16 numbers.
///
/// A fast path beside the exact one: its results are off by some 5e-6 of their size, where Float32 sums in another order
/// differ by some 5e-7.
final class SplitProduct: Sendable {
  private let outputs: Int
  private let inputs: Int
  private let bias: Tensor?
  private let activation: Activation?
  private let accumulates: Bool
  /// Tiles of bfloat16 numbers, each row 32 outputs.
  private let packed: Tensor

  /// Prepares weight [outputs, inputs] and bias [outputs]. Nil where the CPU has no such unit.
  init?(weight: Tensor, bias: Tensor?, activation: Activation?, accumulating: Bool) {
    guard ag_has_matrix_unit() != 0 else { return nil }
    (outputs, inputs, self.bias) = (weight.rows, weight.width, bias)
    (self.activation, accumulates) = (activation, accumulating)
    let (outputs, inputs) = (outputs, inputs)
    let lineLength = ag_split_weights_size(inputs) / MemoryLayout<Float>.size
    packed = unsafe Tensor(shape: [(outputs + 31) / 32, lineLength]) { lines, packed in
      let rows = lines.lowerBound * 32..<min(outputs, lines.upperBound * 32)
      unsafe weight.withUnsafeElements { weight in
        guard let weight = weight.baseAddress else { return }
        unsafe ag_split_weights(weight + rows.lowerBound * inputs, rows.count, inputs, packed.baseAddress)
      }
    }
  }

  /// Writes the product of x [rows, inputs] to y [rows, outputs], or adds it.
  ///
  /// Rows that are few more than what the kernel takes at a time are cut by outputs, so that each weight is read once, if there
  /// are enough of those to make up for every thread packing all rows.
  func run(_ x: Tensor, into y: SharedElements) {
    let (rows, lines) = (x.rows, (outputs + 31) / 32)
    let isSmall = rows < 2 * Threads.count * Int(AG_SPLIT_ROWS) && lines >= 4 * Threads.count
    let (count, grain) = isSmall ? (lines, 1) : (rows, Int(AG_SPLIT_ROWS))
    parallel(count, grain: grain, piecesPerThread: isSmall ? 2 : 8) { [self] range in
      let (rows, lines) = isSmall ? (0..<rows, range) : (range, 0..<lines)
      unsafe x.withUnsafeElements { x in
        guard let x = x.baseAddress, let y = unsafe y.part(rows.lowerBound * outputs, rows.count * outputs).baseAddress
        else { return }
        unsafe run(rows.count, x + rows.lowerBound * inputs, y, lines)
      }
    }
  }

  /// `lines` are groups of 32 outputs.
  private func run(_ rows: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ lines: Range<Int>) {
    var product = unsafe ag_split()
    unsafe (product.rows, product.inputs, product.outputs) = (rows, inputs, outputs)
    unsafe product.x = x
    unsafe product.y = y
    unsafe product.accumulates = accumulates ? 1 : 0
    switch activation {
    case nil: break
    case .quickGELU: unsafe product.activation = ag_quick_gelu
    case .gelu: unsafe product.activation = ag_gelu
    }
    let done = unsafe packed.withUnsafeElements { packed in
      unsafe product.weights = UnsafeRawPointer(packed.baseAddress)
      guard let bias else { return unsafe ag_split_product(&product, lines.lowerBound, lines.upperBound) }
      return unsafe bias.withUnsafeElements { bias in
        unsafe product.bias = bias.baseAddress
        return unsafe ag_split_product(&product, lines.lowerBound, lines.upperBound)
      }
    }
    precondition(done != 0, "no memory for a product of \(rows) rows")
  }
}
