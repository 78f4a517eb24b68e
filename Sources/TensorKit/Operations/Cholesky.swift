import COpenBLAS
import Glibc

/// A symmetric positive definite matrix as L Lᵀ, in double precision (LAPACK's dpotrf).
package struct Cholesky: Sendable {
  /// Rows and columns.
  package let order: Int
  /// L in the triangle that LAPACK, which counts by columns, takes for the lower one; the rest is not used.
  private var factor: [Double]
  private static let triangle = CChar(UInt8(ascii: "L"))

  /// Factors `matrix`, [order, order]; nil if it is not positive definite to the last bits, or not finite.
  package init?(_ matrix: [Double], order: Int) {
    precondition(matrix.count == order * order && order > 0, "\(matrix.count) elements for a square of \(order)")
    _ = Threads.openBLASIsSerial
    self.order = order
    factor = matrix
    var (triangle, size, status) = (Self.triangle, Int32(order), Int32(0))
    let stride = size
    unsafe withUnsafePointer(to: stride) { unsafe dpotrf_(&triangle, &size, &factor, $0, &status) }
    guard status == 0, logDeterminant.isFinite else { return nil }
  }

  /// The logarithm of the determinant.
  package var logDeterminant: Double { 2 * (0..<order).reduce(0) { $0 + log(factor[$1 * order + $1]) } }

  /// The x for which A x = b.
  package func solved(_ b: [Double]) -> [Double] {
    precondition(b.count == order, "\(b.count) numbers for a matrix of \(order)")
    var (x, triangle, size, columns, status) = (b, Self.triangle, Int32(order), Int32(1), Int32(0))
    let stride = size
    unsafe withUnsafePointer(to: stride) { stride in
      unsafe dpotrs_(&triangle, &size, &columns, factor, stride, &x, stride, &status)
    }
    return x
  }

  /// A⁻¹, [order, order].
  package func inverse() -> [Double] {
    var (inverse, triangle, size, status) = (factor, Self.triangle, Int32(order), Int32(0))
    let stride = size
    unsafe withUnsafePointer(to: stride) { unsafe dpotri_(&triangle, &size, &inverse, $0, &status) }
    // LAPACK's lower triangle by columns is our upper one by rows.
    for row in 0..<order {
      for column in 0..<row { inverse[row * order + column] = inverse[column * order + row] }
    }
    return inverse
  }
}
