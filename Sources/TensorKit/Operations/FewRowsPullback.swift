import CKernels

/// Rows of numbers packed for the sweep over large weights: sixteen columns of all rows together.
struct PackedRows: Sendable {
  let rows: Int
  let width: Int
  /// [⌈width / 16⌉, rows, 16]; zeros at the end.
  let elements: Tensor

  /// Up to so many rows these kernels are faster than OpenBLAS, which copies the weights into an order of its own.
  static let mostRows = 48

  init(_ x: Tensor) {
    let (rows, width) = (x.rows, x.width)
    (self.rows, self.width) = (rows, width)
    elements = unsafe Tensor(uninitialized: [ag_packed_count(rows, width)]) { packed in
      unsafe x.withUnsafeElements { x in unsafe ag_pack_rows(x.baseAddress, packed.baseAddress, rows, width) }
    }
  }
}

/// Sweeps over the weights [outputs, inputs] of a linear map, several ranges of its rows at a time.
///
/// `sweep` is called with a range of rows, made of whole bands, and with zeros, packed as `PackedRows`, to which it adds its
/// part of dx.
func sweptInputPullback(
  rows: Int, inputs: Int, outputs: Int,
  _ sweep: @Sendable (_ range: Range<Int>, _ packedInputPullback: UnsafeMutablePointer<Float>?) -> Void
) -> Tensor {
  let length = ag_packed_count(rows, inputs)
  let bandRows = Int(AG_BAND_ROWS)
  let bands = (outputs + bandRows - 1) / bandRows
  let pieces = max(1, min(Threads.count * 2, bands / 4))
  let parts = unsafe Tensor(shape: [pieces, length], piecesPerThread: 2) { range, output in
    unsafe output.update(repeating: 0)
    for (place, piece) in range.enumerated() {
      let start = unsafe output.baseAddress.map { unsafe $0 + place * length }
      let rows = bands * piece / pieces * bandRows..<min(outputs, bands * (piece + 1) / pieces * bandRows)
      unsafe sweep(rows, start)
    }
  }
  return unsafe Tensor(uninitialized: [rows, inputs]) { dx in
    unsafe parts.withUnsafeElements { parts in
      unsafe ag_sum_packed_rows(parts.baseAddress, pieces, dx.baseAddress, rows, inputs)
    }
  }
}

/// dx = dy W for a few rows: dy [rows, outputs] and weight [outputs, inputs] to [rows, inputs], the weights read once.
func fewRowsInputPullback(_ dy: Tensor, weight: Tensor) -> Tensor {
  let (rows, inputs, outputs) = (dy.rows, weight.width, weight.rows)
  precondition(dy.width == outputs, "cotangent \(dy.shape) of a map \(weight.shape)")
  return unsafe sweptInputPullback(rows: rows, inputs: inputs, outputs: outputs) { range, packedInputPullback in
    unsafe weight.withUnsafeElements { weight in
      unsafe dy.withUnsafeElements { dy in
        // Nothing is written to the weights where there is no x.
        var sweep = unsafe ag_sweep()
        unsafe (sweep.rows, sweep.inputs, sweep.outputs) = (rows, inputs, outputs)
        unsafe sweep.dy = dy.baseAddress
        unsafe sweep.packed_dx = packedInputPullback
        unsafe sweep.weight = UnsafeMutablePointer(mutating: weight.baseAddress)
        unsafe ag_sweep_rows(&sweep, range.lowerBound, range.upperBound)
      }
    }
  }
}
