import CKernels

/// A 3×3 convolution, stride 1, by Winograd's algorithm F(4×4, 3×3) (Lavin and Gray 2016, arXiv 1509.09308): a quarter of
/// the products, for weights that take four times the memory.
package struct WinogradConvolution: Sendable {
  private let inputs: Int
  private let outputs: Int
  private let bias: Tensor
  private let transformed: Tensor

  /// So many bytes of transformed inputs and products are worked on at a time: enough squares for the weights to be read
  /// seldom, few enough to stay in the caches.
  private static let waveBytes = 48 << 20

  /// Transforms weight [outputs, inputs, 3, 3]; it is not kept. Channels are multiples of sixteen.
  package init(weight: Tensor, bias: Tensor) {
    precondition(Convolution.winogradBytes(weight: weight.shape, stride: 1) != nil && bias.count == weight.shape[0])
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    (self.outputs, self.inputs, self.bias) = (outputs, inputs, bias)
    transformed = unsafe Tensor(uninitialized: [36, outputs * inputs]) { target in
      let shared = unsafe SharedElements(target)
      parallel(outputs / 16) { range in
        unsafe weight.withUnsafeElements { weight in
          unsafe ag_winograd_weights(
            weight.baseAddress, shared.part(0, 36 * outputs * inputs).baseAddress, outputs, inputs,
            range.lowerBound * 16, range.upperBound * 16)
        }
      }
    }
  }

  /// x [n, height, width, inputs] to [n, height, width, outputs]. `row` is added to the bias.
  package func callAsFunction(_ x: Tensor, addingToBias row: Tensor? = nil) -> Tensor {
    unsafe Tensor(uninitialized: Array(x.shape.dropLast()) + [outputs]) { y in
      unsafe run(x, row.map { bias + $0 } ?? bias, adding: false, into: y)
    }
  }

  /// Adds the convolution of x to y.
  package func add(_ x: Tensor, to y: inout Tensor) {
    precondition(y.shape == Array(x.shape.dropLast()) + [outputs], "convolution of \(x.shape) added to \(y.shape)")
    unsafe y.withUnsafeMutableElements { unsafe run(x, bias, adding: true, into: $0) }
  }

  private func run(_ x: Tensor, _ bias: Tensor, adding: Bool, into y: UnsafeMutableBufferPointer<Float>) {
    precondition(x.shape.count == 4 && x.width == inputs, "convolution of \(inputs) channels on \(x.shape)")
    var pictures = ag_pictures(
      count: x.shape[0], height: x.shape[1], width: x.shape[2], inputs: inputs, outputs: outputs)
    let all = unsafe ag_square_count(&pictures)
    let unit = Int(AG_SQUARES)
    let bytesPerUnit = unit * 36 * (inputs + outputs) * MemoryLayout<Float>.size
    let wave = min((all + unit - 1) / unit, max(4, Self.waveBytes / bytesPerUnit)) * unit
    // Reused from wave to wave; each phase writes what the next one reads.
    var input = unsafe Tensor(uninitialized: [36, wave * inputs]) { _ in }
    var product = unsafe Tensor(uninitialized: [36, wave * outputs]) { _ in }
    let shared = unsafe SharedElements(y)
    unsafe input.withUnsafeMutableElements { input in
      unsafe product.withUnsafeMutableElements { product in
        let (input, product) = unsafe (SharedElements(input), SharedElements(product))
        for first in stride(from: 0, to: all, by: max(1, wave)) {
          let squares = min(wave, (all - first + unit - 1) / unit * unit)
          unsafe runWave(
            Wave(pictures: pictures, first: first, squares: squares, input: input, product: product), x, bias,
            adding: adding, into: shared)
        }
      }
    }
  }

  /// Some squares on their way, and the memory for them.
  @unsafe private struct Wave: Sendable {
    let pictures: ag_pictures
    let first: Int
    let squares: Int
    let input: SharedElements
    let product: SharedElements
  }

  private func runWave(_ wave: Wave, _ x: Tensor, _ bias: Tensor, adding: Bool, into y: SharedElements) {
    let (first, squares) = unsafe (wave.first, wave.squares)
    let unit = Int(AG_SQUARES)
    parallel(squares / unit) { range in
      unsafe x.withUnsafeElements { x in
        var pictures = unsafe wave.pictures
        unsafe ag_winograd_input(
          &pictures, x.baseAddress, wave.input.part(0, 36 * squares * inputs).baseAddress, first, squares,
          range.lowerBound * unit, range.upperBound * unit)
      }
    }
    parallel(36, piecesPerThread: 4) { range in
      unsafe transformed.withUnsafeElements { weights in
        var pictures = unsafe wave.pictures
        unsafe ag_winograd_multiply(
          &pictures, weights.baseAddress, wave.input.part(0, 36 * squares * inputs).baseAddress,
          wave.product.part(0, 36 * squares * outputs).baseAddress, squares, range.lowerBound, range.upperBound)
      }
    }
    parallel(squares / unit) { range in
      unsafe bias.withUnsafeElements { bias in
        var pictures = unsafe wave.pictures
        let all = unsafe wave.pictures.count * wave.pictures.height * wave.pictures.width * outputs
        unsafe ag_winograd_output(
          &pictures, wave.product.part(0, 36 * squares * outputs).baseAddress, bias.baseAddress,
          y.part(0, all).baseAddress, adding ? 1 : 0, first, squares, range.lowerBound * unit,
          range.upperBound * unit)
      }
    }
  }
}
