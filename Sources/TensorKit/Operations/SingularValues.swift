import COpenBLAS

/// x = u · diag(values) · vᵀ with orthonormal columns of u and rows of v, values falling (LAPACK's sgesdd).
package struct SingularValueDecomposition: Sendable {
  /// [rows, k], k = min(rows, width).
  package let u: Tensor
  /// k values, largest first.
  package let values: [Float]
  /// vᵀ, [k, width].
  package let vTransposed: Tensor

  private init(u: Tensor, values: [Float], vTransposed: Tensor) {
    (self.u, self.values, self.vTransposed) = (u, values, vTransposed)
  }

  /// Decomposes x [rows, width]; nil if it is empty, holds a number that is not finite, or the iteration does not converge.
  package init?(_ x: Tensor) {
    _ = Threads.openBLASIsSerial
    guard x.count > 0, x.elements.allSatisfy(\.isFinite) else { return nil }
    // LAPACK counts by columns: our rows [rows, width] are its xᵀ = v · diag(values) · uᵀ, so u and v change places.
    var (lines, columns) = (Int32(x.width), Int32(x.rows))
    var rank = min(lines, columns)
    var copy = x.elements
    var values = [Float](repeating: 0, count: Int(rank))
    var left = [Float](repeating: 0, count: Int(lines * rank))  // v by columns: vᵀ [k, width] by rows
    var right = [Float](repeating: 0, count: Int(rank * columns))  // uᵀ by columns: u [rows, k] by rows
    var work: [Float] = [0]
    var integers = [Int32](repeating: 0, count: 8 * Int(rank))
    var job = CChar(UInt8(ascii: "S"))
    var status: Int32 = 0
    var (leadingLines, leadingRank) = (lines, rank)
    for length in [Int32(-1), 0] {
      // The first call only asks how much memory to work in is best.
      var workLength = length < 0 ? length : Int32(work[0])
      if length == 0 { work = [Float](repeating: 0, count: Int(workLength)) }
      unsafe sgesdd_(
        &job, &lines, &columns, &copy, &leadingLines, &values, &left, &leadingLines, &right, &leadingRank, &work,
        &workLength, &integers, &status)
      guard status == 0 else { return nil }
    }
    rank = min(lines, columns)
    u = Tensor(right, shape: [Int(columns), Int(rank)])
    self.values = values
    vTransposed = Tensor(left, shape: [Int(rank), Int(lines)])
  }

  /// The nearest matrix of at most this rank (Eckart and Young 1936): u and vᵀ cut off, u's columns times their values.
  package func factors(rank: Int) -> (left: Tensor, right: Tensor) {
    let kept = min(rank, values.count)
    let (full, rows) = (values.count, u.rows)
    let elements = u.elements
    let left = (0..<rows).flatMap { row in (0..<kept).map { elements[row * full + $0] * values[$0] } }
    return (Tensor(left, shape: [rows, kept]), vTransposed.rows(0..<kept))
  }

  /// The leading `rank` singular values and vectors of a large matrix M [rows, width], or a few more, by products with
  /// random vectors (Halko, Martinsson and Tropp 2011, arXiv 0909.4061, algorithms 4.4 and 5.1).
  ///
  /// `bound` is the highest rank that M can have. Up to `rank` + 8 nothing is lost but rounding; beyond, two power
  /// iterations make the vectors those of the largest values. `times` gives x Mᵀ for rows x [n, width], and
  /// `transposedTimes` y M for rows y [n, rows]. Nil as for `init(_:)`.
  package init?(
    leading rank: Int, bound: Int, width: Int, times: (Tensor) -> Tensor, transposedTimes: (Tensor) -> Tensor
  ) {
    let count = min(rank + 8, bound)
    var rowSpace = Tensor(randomWithSeed: 1, shape: [count, width], scale: 1)  // [count, width]
    for _ in 0..<(count == bound ? 0 : 2) {
      guard let columnSpace = Self(times(rowSpace))?.vTransposed else { return nil }
      guard let next = Self(transposedTimes(columnSpace))?.vTransposed else { return nil }
      rowSpace = next
    }
    // M ≈ qᵀ (q M) for rows q that are orthonormal and span its columns.
    guard let columnSpace = Self(times(rowSpace))?.vTransposed, let inner = Self(transposedTimes(columnSpace)) else {
      return nil
    }
    let u = matrixProduct(columnSpace, transposed: true, inner.u)
    self.init(u: u, values: inner.values, vTransposed: inner.vTransposed)
  }

  /// The leading singular values and vectors of leftᵀ · right, left [n, rows], right [n, width].
  init?(leading rank: Int, ofProduct left: Tensor, _ right: Tensor) {
    self.init(
      leading: rank, bound: min(left.rows, left.width, right.width), width: right.width,
      times: { linearInputPullback(linear($0, weight: right), weight: left) },
      transposedTimes: { linearInputPullback(linear($0, weight: left), weight: right) })
  }

  /// The leading singular values and vectors of x.
  package init?(leading rank: Int, of x: Tensor) {
    self.init(
      leading: rank, bound: min(x.rows, x.width), width: x.width, times: { linear($0, weight: x) },
      transposedTimes: { linearInputPullback($0, weight: x) })
  }
}
