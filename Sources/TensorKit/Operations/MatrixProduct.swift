import COpenBLAS

/// A matrix as OpenBLAS is told of it: where its first element stands in a tensor and how far apart its rows are.
package struct MatrixView: Sendable {
  package let tensor: Tensor
  package let offset: Int
  package let rowStride: Int
  package let rows: Int
  package let columns: Int

  /// `rows` × `columns` elements of `tensor`, the first at `offset`, rows `rowStride` apart.
  package init(_ tensor: Tensor, offset: Int = 0, rowStride: Int? = nil, rows: Int? = nil, columns: Int? = nil) {
    self.tensor = tensor
    self.offset = offset
    self.rowStride = rowStride ?? tensor.width
    self.rows = rows ?? tensor.rows
    self.columns = columns ?? tensor.width
    precondition(
      offset >= 0 && self.rows * self.columns == 0
        || offset + (self.rows - 1) * self.rowStride + self.columns <= tensor.count, "matrix outside of its tensor")
  }
}

/// result = factor · a b + keep · result, with a and b transposed on request, on the calling thread.
///
/// `result` holds rows `resultStride` apart. The only call of OpenBLAS's product.
@unsafe package func multiply(
  _ a: MatrixView, transposed aTransposed: Bool = false, by b: MatrixView, otherTransposed bTransposed: Bool = false,
  factor: Float = 1, keep: Float = 0, into result: UnsafeMutableBufferPointer<Float>, resultStride: Int
) {
  _ = Threads.openBLASIsSerial
  let (rows, inner) = aTransposed ? (a.columns, a.rows) : (a.rows, a.columns)
  let (otherInner, columns) = bTransposed ? (b.columns, b.rows) : (b.rows, b.columns)
  precondition(inner == otherInner, "product of \(rows)×\(inner) and \(otherInner)×\(columns)")
  precondition((rows - 1) * resultStride + columns <= result.count, "product larger than its result")
  guard rows > 0, columns > 0 else { return }
  unsafe a.tensor.withUnsafeElements { aElements in
    unsafe b.tensor.withUnsafeElements { bElements in
      unsafe cblas_sgemm(
        CblasRowMajor, aTransposed ? CblasTrans : CblasNoTrans, bTransposed ? CblasTrans : CblasNoTrans,
        Int32(rows), Int32(columns), Int32(inner), factor,
        aElements.baseAddress.map { unsafe $0 + a.offset }, Int32(max(1, a.rowStride)),
        bElements.baseAddress.map { unsafe $0 + b.offset }, Int32(max(1, b.rowStride)),
        keep, result.baseAddress, Int32(max(1, resultStride)))
    }
  }
}

/// y = x Wᵀ + b: x [rows, inputs], weight [outputs, inputs], bias [outputs] to y [rows, outputs]. A term of low rank adds
/// (x Aᵀ) Bᵀ.
package func linear(_ x: Tensor, weight: Tensor, bias: Tensor? = nil, term: LowRankTerm? = nil) -> Tensor {
  let (rows, inputs, outputs) = (x.rows, weight.width, weight.rows)
  precondition(x.width == inputs && bias?.count ?? outputs == outputs, "linear map of \(weight.shape) on \(x.shape)")
  if rows <= PackedRows.mostRows {
    let product = fewRowsProduct(x, weight, term)
    return (bias.map { product.addingToRows($0) } ?? product).reshaped(Array(x.shape.dropLast()) + [outputs])
  }
  var y = unsafe Tensor(uninitialized: Array(x.shape.dropLast()) + [outputs]) { buffer in
    let shared = unsafe SharedElements(buffer)
    // Splitting the outputs lets every thread read its own part of the weights once, which is what takes the time where
    // rows are few.
    parallel(outputs, grain: 64) { range in
      unsafe fillRows(shared, rows: rows, stride: outputs, columns: range, with: bias)
      let part = MatrixView(
        weight, offset: range.lowerBound * inputs, rowStride: inputs, rows: range.count, columns: inputs)
      guard rows > 0 else { return }
      unsafe multiply(
        MatrixView(x, rows: rows, columns: inputs), by: part, otherTransposed: true, keep: bias == nil ? 0 : 1,
        into: shared.part(range.lowerBound, (rows - 1) * outputs + range.count), resultStride: outputs)
    }
  }
  if let term { y += linear(linear(x, weight: term.down), weight: term.up) }
  return y
}

/// Writes the bias into every row's `columns`, for a product to be added to.
private func fillRows(_ shared: SharedElements, rows: Int, stride: Int, columns: Range<Int>, with bias: Tensor?) {
  guard let bias else { return }
  unsafe bias.withUnsafeElements { bias in
    for row in 0..<rows {
      _ = unsafe shared.part(row * stride + columns.lowerBound, columns.count).update(fromContentsOf: bias[columns])
    }
  }
}

/// The pullback of `linear`, which was y = x Wᵀ + b; so dx = dy W, dW = dyᵀ x and db = the sum of dy's rows.
package func linearPullback(_ dy: Tensor, x: Tensor, weight: Tensor) -> (dx: Tensor, dweight: Tensor, dbias: Tensor) {
  (linearInputPullback(dy, weight: weight), matrixProduct(dy, transposed: true, x), columnSums(dy))
}

/// dx = dy W: the part of `linearPullback` that reaches the input.
package func linearInputPullback(_ dy: Tensor, weight: Tensor) -> Tensor {
  let dx = dy.rows <= PackedRows.mostRows ? fewRowsInputPullback(dy, weight: weight) : matrixProduct(dy, weight)
  return dx.reshaped(Array(dy.shape.dropLast()) + [weight.width])
}

/// a b, with a or b transposed on request. Axes before the last count as rows.
package func matrixProduct(
  _ a: Tensor, transposed aTransposed: Bool = false, _ b: Tensor, otherTransposed bTransposed: Bool = false
) -> Tensor {
  let rows = aTransposed ? a.width : a.rows
  let columns = bTransposed ? b.rows : b.width
  return unsafe Tensor(shape: [rows, columns], rowGrain: 32) { range, output in
    let part =
      aTransposed
      ? MatrixView(a, offset: range.lowerBound, rows: a.rows, columns: range.count)
      : MatrixView(a, offset: range.lowerBound * a.width, rows: range.count)
    unsafe multiply(
      part, transposed: aTransposed, by: MatrixView(b), otherTransposed: bTransposed, into: output,
      resultStride: columns)
  }
}

/// The sum of the rows: x [rows, width] to [width].
package func columnSums(_ x: Tensor) -> Tensor {
  unsafe Tensor(uninitialized: [x.width]) { sums in
    unsafe sums.update(repeating: 0)
    unsafe x.withUnsafeElements { elements in
      for row in 0..<x.rows {
        let start = row * sums.count
        for column in 0..<sums.count { unsafe sums[column] += elements[start + column] }
      }
    }
  }
}
