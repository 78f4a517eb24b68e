import CKernels

/// The activations of the CLIP family.
public enum Activation: Sendable {
  /// x · sigmoid(1.702 x): OpenAI's models.
  case quickGELU
  /// x · Φ(x) (Hendrycks and Gimpel 2016, arXiv 1606.08415): OpenCLIP's models.
  case gelu

  /// The activation of every element.
  package func callAsFunction(_ x: Tensor) -> Tensor {
    unsafe Tensor(shape: x.shape, rowGrain: 16) { rows, output in
      unsafe x.withUnsafeElements { x in
        guard let input = unsafe x.baseAddress.map({ unsafe $0 + rows.lowerBound * (output.count / rows.count) }) else {
          return
        }
        switch self {
        case .quickGELU: unsafe ag_quick_gelu(input, output.baseAddress, output.count)
        case .gelu: unsafe ag_gelu(input, output.baseAddress, output.count)
        }
      }
    }
  }

  /// dx = dy · dy/dx at x.
  package func pullback(_ dy: Tensor, x: Tensor) -> Tensor {
    precondition(dy.shape == x.shape, "activation pullback of \(dy.shape) at \(x.shape)")
    return unsafe Tensor(uninitialized: x.shape) { dx in
      unsafe x.withUnsafeElements { x in
        unsafe dy.withUnsafeElements { dy in
          switch self {
          case .quickGELU: unsafe ag_quick_gelu_pullback(x.baseAddress, dy.baseAddress, dx.baseAddress, dx.count)
          case .gelu: unsafe ag_gelu_pullback(x.baseAddress, dy.baseAddress, dx.baseAddress, dx.count)
          }
        }
      }
    }
  }
}
