import COneDNN

/// A convolution by oneDNN's direct algorithm, its weights put in the order that suits the CPU: the exact path.
@safe package final class DirectConvolution: Sendable {
  private let shape: [Int]  // [outputs, inputs, kernel, kernel]
  private let stride: Int
  private let padding: Padding
  private let bias: Tensor
  private let accumulates: Bool
  private nonisolated(unsafe) let convolution: OpaquePointer

  /// Prepares weight [outputs, inputs, kernel, kernel] for pictures of about this size; it is not kept. With
  /// `accumulating`, the result is added to what stands there. Nil if there is no memory for it.
  package init?(
    weight: Tensor, bias: Tensor, stride: Int = 1, padding: Padding, height: Int, width: Int,
    accumulating: Bool = false
  ) {
    precondition(weight.shape.count == 4 && weight.shape[2] == weight.shape[3] && weight.shape[0] == bias.count)
    shape = weight.shape
    (self.stride, self.padding, self.bias, accumulates) = (stride, padding, bias, accumulating)
    var sizes = ag_convolution_shape(
      inputs: Int64(weight.shape[1]), outputs: Int64(weight.shape[0]), kernel: Int64(weight.shape[2]),
      stride: Int64(stride))
    var lines = ag_lines(
      height: Int64(max(height, weight.shape[2])), width: Int64(max(width, weight.shape[2])),
      above: Int64(padding.above), below: Int64(padding.below), left: Int64(padding.left), right: Int64(padding.right))
    let made = unsafe weight.withUnsafeElements { weight in
      unsafe ag_convolution_create(weight.baseAddress, &sizes, &lines, accumulating ? 1 : 0)
    }
    guard let made = unsafe made else { return nil }
    unsafe convolution = made
  }

  deinit { unsafe ag_convolution_destroy(convolution) }

  /// x [n, height, width, inputs] to [n, height', width', outputs]. `row` is added to the bias.
  package func callAsFunction(_ x: Tensor, addingToBias row: Tensor? = nil) -> Tensor {
    precondition(!accumulates, "a convolution that adds was asked for its result")
    return unsafe Tensor(uninitialized: outputShape(x)) { y in
      unsafe run(x, row.map { bias + $0 } ?? bias, into: y)
    }
  }

  /// Adds the convolution of x to y.
  package func add(_ x: Tensor, to y: inout Tensor) {
    precondition(accumulates && y.shape == outputShape(x), "convolution of \(x.shape) added to \(y.shape)")
    unsafe y.withUnsafeMutableElements { unsafe run(x, bias, into: $0) }
  }

  private func outputShape(_ x: Tensor) -> [Int] {
    precondition(x.shape.count == 4 && x.width == shape[1], "convolution of \(shape) on \(x.shape)")
    let height = (x.shape[1] + padding.above + padding.below - shape[2]) / stride + 1
    let width = (x.shape[2] + padding.left + padding.right - shape[2]) / stride + 1
    return [x.shape[0], height, width, shape[0]]
  }

  /// Cuts the pictures into bands of lines for the threads. In this layout a band is a piece of memory by itself.
  private func run(_ x: Tensor, _ bias: Tensor, into y: UnsafeMutableBufferPointer<Float>) {
    let result = outputShape(x)
    let (count, outputLines, inputLines, width) = (x.shape[0], result[1], x.shape[1], x.shape[2])
    let lineLength = result[2] * result[3]
    let bands = max(1, min(outputLines / 4, (Threads.count * 2 + count - 1) / max(1, count)))
    let shared = unsafe SharedElements(y)
    parallel(count * bands, piecesPerThread: bands * count) { [self] range in
      for index in range {
        let (picture, band) = (index / bands, index % bands)
        let lines = outputLines * band / bands..<outputLines * (band + 1) / bands
        // The lines of x that these see, some of them perhaps outside.
        let first = lines.lowerBound * stride - padding.above
        let last = (lines.upperBound - 1) * stride - padding.above + shape[2]
        let seen = max(0, first)..<min(inputLines, last)
        var part = ag_lines(
          height: Int64(seen.count), width: Int64(width), above: Int64(seen.lowerBound - first),
          below: Int64(last - seen.upperBound), left: Int64(padding.left), right: Int64(padding.right))
        let output = unsafe shared.part(
          (picture * outputLines + lines.lowerBound) * lineLength, lines.count * lineLength)
        unsafe x.withUnsafeElements { x in
          unsafe bias.withUnsafeElements { bias in
            guard let start = x.baseAddress else { return }
            let status = unsafe ag_convolution_run(
              convolution, &part, start + (picture * inputLines + seen.lowerBound) * width * shape[1],
              bias.baseAddress, output.baseAddress)
            precondition(status == 0, "oneDNN refused a convolution it had prepared (status \(status))")
          }
        }
      }
    }
  }
}
