/// y = x ∗ weight + bias on pictures [n, height, width, channels], by the direct or by Winograd's algorithm,
/// or on the CPU's matrix unit.
///
/// Channels stand side by side (NHWC), so a picture is a matrix with a row for each pixel: linear maps, attention and
/// norms take it as it is, and no layer has to put it into another order.
package enum Convolution: Sendable {
  case direct(DirectConvolution)
  case winograd(WinogradConvolution)
  case split(SplitConvolution)

  /// The convolution of x [n, height, width, inputs] to [n, ⌈height / stride⌉, ⌈width / stride⌉, outputs]. `row` is added
  /// to the bias.
  package func callAsFunction(_ x: Tensor, addingToBias row: Tensor? = nil) -> Tensor {
    switch self {
    case .direct(let convolution): convolution(x, addingToBias: row)
    case .winograd(let convolution): convolution(x, addingToBias: row)
    case .split(let convolution): convolution(x, addingToBias: row)
    }
  }

  /// Adds the convolution of x to y.
  package func add(_ x: Tensor, to y: inout Tensor) {
    switch self {
    case .direct(let convolution): convolution.add(x, to: &y)
    case .winograd(let convolution): convolution.add(x, to: &y)
    case .split(let convolution): convolution.add(x, to: &y)
    }
  }
}

/// Rows and columns of zeros around a picture.
package struct Padding: Hashable, Sendable {
  package var above: Int
  package var left: Int
  package var below: Int
  package var right: Int

  /// So many on all sides.
  package static func all(_ count: Int) -> Padding { Padding(above: count, left: count, below: count, right: count) }
  /// One row below and one column at the right, as the VAE's encoder has it before it halves a picture.
  package static let belowAndRight = Padding(above: 0, left: 0, below: 1, right: 1)
}
