import CKernels

/// x · sigmoid(x) of every element (Elfwing et al. 2017, arXiv 1702.03118).
package func silu(_ x: Tensor) -> Tensor {
  unsafe Tensor(uninitialized: x.shape) { y in
    unsafe x.withUnsafeElements { x in unsafe ag_silu(x.baseAddress, y.baseAddress, y.count) }
  }
}

/// The first half of each row times GELU of the second (Shazeer 2020, arXiv 2002.05202): [rows, 2 · width] to [rows, width].
package func gatedGELU(_ x: Tensor) -> Tensor {
  let width = x.width / 2
  precondition(x.width == 2 * width, "rows of \(x.width) have no halves")
  return unsafe Tensor(shape: Array(x.shape.dropLast()) + [width], rowGrain: 16) { rows, output in
    unsafe x.withUnsafeElements { x in
      guard let start = x.baseAddress else { return }
      unsafe ag_geglu(start + rows.lowerBound * 2 * width, output.baseAddress, rows.count, width)
    }
  }
}
