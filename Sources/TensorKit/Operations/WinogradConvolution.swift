import CKernels

/// A 3×3 convolution, stride 1, by Winograd's algorithm F(4×4, 3×3) (Lavin and Gray 2016, arXiv 1509.09308): a quarter of
/// the products. Weights are transformed whenever they are needed, so they take no more memory than others.
package struct WinogradConvolution: Sendable {
  private let inputs: Int
  private let outputs: Int
  private let bias: Tensor
  private let arranged: Tensor  // [outputs / 16, inputs, 9, 16]

  /// Whether a kernel [outputs, inputs, height, width] can be one.
  package static func applies(to shape: [Int], stride: Int, padding: Padding) -> Bool {
    shape.count == 4 && shape[2...] == [3, 3] && stride == 1 && padding == .all(1) && shape[0] % 16 == 0
      && shape[1] % 16 == 0
  }

  /// So many bytes of transformed inputs are worked on at a time: enough squares for the weights to be transformed seldom,
  /// few enough to stay in the caches.
  private static let waveBytes = 8 << 20
  /// So many squares meet a panel of weights that has been transformed for them, at most and, where there are as many, at
  /// least: with fewer, transforming takes more of the time than an uneven end.
  private static let (mostSquares, fewestSquares) = (128, 64)

  /// Arranges weight [outputs, inputs, 3, 3]; it is not kept.
  package init(weight: Tensor, bias: Tensor) {
    precondition(Self.applies(to: weight.shape, stride: 1, padding: .all(1)) && bias.count == weight.shape[0])
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    (self.outputs, self.inputs, self.bias) = (outputs, inputs, bias)
    arranged = unsafe Tensor(uninitialized: [outputs / 16, inputs, 9, 16]) { arranged in
      let shared = unsafe SharedElements(arranged)
      parallel(outputs / 16) { range in
        unsafe weight.withUnsafeElements { weight in
          unsafe ag_winograd_weights(
            weight.baseAddress, shared.part(0, 9 * outputs * inputs).baseAddress, inputs, range.lowerBound * 16,
            range.upperBound * 16)
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
    let bytesPerUnit = unit * 36 * inputs * MemoryLayout<Float>.size
    let most = min((all + unit - 1) / unit, max(Self.mostSquares / unit, Self.waveBytes / bytesPerUnit)) * unit
    // Reused from wave to wave; each phase writes what the next one reads.
    var input = unsafe Tensor(uninitialized: [ag_winograd_input_count(most, inputs)]) { _ in }
    let y = unsafe SharedElements(y)
    unsafe input.withUnsafeMutableElements { input in
      let input = unsafe SharedElements(input)
      for first in stride(from: 0, to: all, by: max(1, most)) {
        let squares = min(most, (all - first + unit - 1) / unit * unit)
        let wave = unsafe Wave(pictures: pictures, first: first, squares: squares, input: input)
        unsafe transform(x, wave)
        unsafe convolve(wave, bias, adding: adding, into: y)
      }
    }
  }

  /// Some squares on their way, and the memory for them.
  @unsafe private struct Wave: Sendable {
    let pictures: ag_pictures
    let first: Int
    let squares: Int
    let input: SharedElements

    /// Lends `body` the wave as the kernels take it.
    func lend(_ body: (ag_winograd_wave) -> Void) {
      let input = unsafe input.part(0, ag_winograd_input_count(squares, pictures.inputs))
      unsafe body(ag_winograd_wave(pictures: pictures, first: first, squares: squares, input: input.baseAddress))
    }
  }

  private func transform(_ x: Tensor, _ wave: Wave) {
    let unit = Int(AG_SQUARES)
    unsafe parallel(wave.squares / unit) { range in
      unsafe x.withUnsafeElements { x in
        unsafe wave.lend { wave in
          var wave = unsafe wave
          unsafe ag_winograd_input(&wave, x.baseAddress, range.lowerBound * unit, range.upperBound * unit)
        }
      }
    }
  }

  /// In pieces of a panel of outputs and some squares.
  private func convolve(_ wave: Wave, _ bias: Tensor, adding: Bool, into y: SharedElements) {
    let (unit, panel, squares) = unsafe (Int(AG_SQUARES), Int(AG_PANEL), wave.squares)
    let panels = (outputs + panel - 1) / panel
    // Enough pieces for the threads to end together.
    let parts = max(
      (squares + Self.mostSquares - 1) / Self.mostSquares,
      min(squares / Self.fewestSquares, 16 * Threads.count / panels), 1)
    let units = squares / unit
    parallel(panels * parts, piecesPerThread: 16) { range in
      let scratch = ag_winograd_scratch((units + parts - 1) / parts * unit) * MemoryLayout<Float>.size
      unsafe withUnsafeTemporaryAllocation(byteCount: scratch, alignment: 64) { scratch in
        unsafe arranged.withUnsafeElements { arranged in
          unsafe bias.withUnsafeElements { bias in
            unsafe wave.lend { wave in
              var wave = unsafe wave
              let all = unsafe wave.pictures.count * wave.pictures.height * wave.pictures.width * outputs
              for piece in range {
                let (panel, part) = (piece / parts, piece % parts)
                unsafe ag_winograd_convolve(
                  &wave, arranged.baseAddress, bias.baseAddress, y.part(0, all).baseAddress, adding ? 1 : 0, panel,
                  units * part / parts * unit, units * (part + 1) / parts * unit,
                  scratch.assumingMemoryBound(to: Float.self).baseAddress)
              }
            }
          }
        }
      }
    }
  }
}
