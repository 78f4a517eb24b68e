import CKernels

/// How a few rows are multiplied with large weights.
package enum FewRowsKernel: Sendable {
  /// On the CPU's vector unit.
  case vectors
  /// On its matrix unit, every Float32 split into three bfloat16 numbers. Only where the CPU has such a unit.
  case thirds

  /// Those that this CPU can do, the fastest last.
  package static let available: [FewRowsKernel] = ag_has_matrix_unit() != 0 ? [.vectors, .thirds] : [.vectors]
  /// The fastest here.
  package static let fastest = ag_has_matrix_unit() != 0 ? thirds : vectors

  fileprivate func packed(_ x: Tensor) -> Tensor {
    let count = self == .vectors ? ag_packed_count(x.rows, x.width) : ag_thirds_count(x.rows, x.width)
    return unsafe Tensor(uninitialized: [count]) { packed in
      unsafe x.withUnsafeElements { elements in
        switch self {
        case .vectors: unsafe ag_pack_rows(elements.baseAddress, packed.baseAddress, x.rows, x.width)
        case .thirds: unsafe ag_pack_thirds(elements.baseAddress, packed.baseAddress, x.rows, x.width)
        }
      }
    }
  }

  /// Writes the columns `range` of y [rows, outputs], the sum of the products of all `factors`.
  fileprivate func multiply(
    _ factors: [ag_factors], _ y: UnsafeMutablePointer<Float>?, rows: Int, outputs: Int, _ range: Range<Int>
  ) {
    switch self {
    case .vectors:
      unsafe ag_few_rows_product(factors, factors.count, y, rows, outputs, range.lowerBound, range.upperBound)
    case .thirds:
      unsafe ag_thirds_product(factors, factors.count, y, rows, outputs, range.lowerBound, range.upperBound)
    }
  }
}

/// x Wᵀ for a few rows x and weight [outputs, inputs], and with a term of low rank what that adds: to [rows, outputs]. The
/// weights are read once, in their stored order.
package func fewRowsProduct(
  _ x: Tensor, _ weight: Tensor, _ term: LowRankTerm? = nil, kernel: FewRowsKernel = .fastest
) -> Tensor {
  let (rows, outputs) = (x.rows, weight.rows)
  let factors = PackedFactors(x, weight, kernel)
  let others = term.map { PackedFactors(fewRowsProduct(x, $0.down, kernel: kernel), $0.up, kernel) }
  return unsafe Tensor(uninitialized: [rows, outputs]) { y in
    let shared = unsafe SharedElements(y)
    parallel(outputs, grain: 32) { range in
      let y = unsafe shared.part(0, rows * outputs).baseAddress
      unsafe factors.lend { factors in
        guard let others else {
          return unsafe kernel.multiply([factors], y, rows: rows, outputs: outputs, range)
        }
        unsafe others.lend { others in
          unsafe kernel.multiply([factors, others], y, rows: rows, outputs: outputs, range)
        }
      }
    }
  }
}

/// Rows packed for a kernel, and the weights they are multiplied with.
private struct PackedFactors: Sendable {
  let packed: Tensor
  let weight: Tensor

  init(_ x: Tensor, _ weight: Tensor, _ kernel: FewRowsKernel) {
    precondition(weight.width == x.width, "product of \(x.shape) with \(weight.shape)")
    self.weight = weight
    packed = kernel.packed(x)
  }

  /// Lends `body` the factors as the kernels take them.
  @unsafe func lend(_ body: (ag_factors) -> Void) {
    unsafe packed.withUnsafeElements { packed in
      unsafe weight.withUnsafeElements { elements in
        unsafe body(ag_factors(packed_x: packed.baseAddress, weight: elements.baseAddress, inputs: weight.width))
      }
    }
  }
}
