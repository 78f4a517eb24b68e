import COneDNN

/// y = activation(x Wᵀ + b) with the weights put in the order that suits the CPU: the fastest form, for inference only.
@safe package final class PackedLinear: Sendable {
  private let outputs: Int
  private let inputs: Int
  private let accumulates: Bool
  private let split: SplitProduct?
  private nonisolated(unsafe) let product: OpaquePointer?

  /// The fewest rows for which the matrix unit is worth its blocks of 32.
  private static let fewestSplitRows = 32

  /// Prepares weight [outputs, inputs] and bias [outputs] for about `rows` rows at a time; the weight is not kept. With
  /// `accumulating`, the product is added to what stands in the result. With `exactly`, sums are of Float32 products even
  /// where the CPU's matrix unit would be faster (`SplitProduct`). Nil if there is no memory for it.
  package init?(
    weight: Tensor, bias: Tensor?, rows: Int, activation: Activation? = nil, accumulating: Bool = false,
    exactly: Bool = false
  ) {
    precondition(activation == nil || !accumulating, "an activation of what is added up is nobody's need")
    (outputs, inputs, accumulates) = (weight.rows, weight.width, accumulating)
    split =
      exactly || rows < Self.fewestSplitRows
      ? nil : SplitProduct(weight: weight, bias: bias, activation: activation, accumulating: accumulating)
    guard split == nil else {
      unsafe product = nil
      return
    }
    let kind =
      switch activation {
      case nil: AG_PLAIN
      case .quickGELU: AG_QUICK_GELU
      case .gelu: AG_GELU
      }
    let (outputs, inputs) = (Int64(outputs), Int64(inputs))
    let made = unsafe weight.withUnsafeElements { weight in
      guard let bias else {
        return unsafe ag_product_create(
          weight.baseAddress, nil, Int64(rows), outputs, inputs, kind, accumulating ? 1 : 0)
      }
      return unsafe bias.withUnsafeElements { bias in
        unsafe ag_product_create(
          weight.baseAddress, bias.baseAddress, Int64(rows), outputs, inputs, kind, accumulating ? 1 : 0)
      }
    }
    guard let made = unsafe made else { return nil }
    unsafe product = made
  }

  deinit { if let product = unsafe product { unsafe ag_product_destroy(product) } }

  /// x [rows, inputs] to [rows, outputs].
  package func callAsFunction(_ x: Tensor) -> Tensor {
    precondition(!accumulates && x.width == inputs, "linear map of \(inputs) on \(x.shape)")
    return unsafe Tensor(uninitialized: Array(x.shape.dropLast()) + [outputs]) { unsafe run(x, into: $0) }
  }

  /// Adds the product to `y` [rows, outputs].
  package func add(_ x: Tensor, to y: inout Tensor) {
    precondition(accumulates && x.width == inputs && y.width == outputs && y.rows == x.rows, "sum of unlike shapes")
    unsafe y.withUnsafeMutableElements { unsafe run(x, into: $0) }
  }

  private func run(_ x: Tensor, into y: UnsafeMutableBufferPointer<Float>) {
    let shared = unsafe SharedElements(y)
    if let split { return unsafe split.run(x, into: shared) }
    parallel(x.rows, grain: 64) { [self] range in
      unsafe x.withUnsafeElements { x in
        guard let start = x.baseAddress else { return }
        let part = unsafe shared.part(range.lowerBound * outputs, range.count * outputs)
        let status = unsafe ag_product_run(
          product, Int64(range.count), start + range.lowerBound * inputs, part.baseAddress)
        precondition(status == 0, "oneDNN refused a product it had prepared (status \(status))")
      }
    }
  }
}
