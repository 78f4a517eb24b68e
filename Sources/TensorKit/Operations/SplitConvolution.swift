import CKernels

/// A 3×3 convolution, stride 1, on the CPU's matrix unit, every Float32 split into two bfloat16 numbers, with Winograd's
/// algorithm along the columns: a quarter further off than `SplitProduct`.
package final class SplitConvolution: Sendable {
  private let inputs: Int
  private let outputs: Int
  private let bias: Tensor
  private let accumulates: Bool
  /// Tiles of bfloat16 numbers, each row 32 outputs.
  private let weights: Tensor

  /// Whether a kernel [outputs, inputs, height, width] can be one, here.
  package static func applies(to shape: [Int], stride: Int, padding: Padding) -> Bool {
    ag_has_matrix_unit() != 0 && shape.count == 4 && shape[2...] == [3, 3] && stride == 1 && padding == .all(1)
  }

  /// So many bytes of packed pixels are worked on at a time; of larger pictures, some lines.
  private static let mostBytes = 64 << 20

  /// Packs weight [outputs, inputs, 3, 3]; it is not kept. With `accumulating`, the result is added to what stands there.
  package init(weight: Tensor, bias: Tensor, accumulating: Bool = false) {
    precondition(Self.applies(to: weight.shape, stride: 1, padding: .all(1)) && bias.count == weight.shape[0])
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    (self.outputs, self.inputs, self.bias, accumulates) = (outputs, inputs, bias, accumulating)
    let lineLength = ag_split_kernel_size(inputs) / MemoryLayout<Float>.size
    weights = unsafe Tensor(shape: [(outputs + 31) / 32, lineLength]) { lines, packed in
      let rows = lines.lowerBound * 32..<min(outputs, lines.upperBound * 32)
      unsafe weight.withUnsafeElements { weight in
        guard let weight = weight.baseAddress else { return }
        unsafe ag_split_kernel(weight + rows.lowerBound * inputs * 9, rows.count, inputs, packed.baseAddress)
      }
    }
  }

  /// x [n, height, width, inputs] to [n, height, width, outputs]. `row` is added to the bias.
  package func callAsFunction(_ x: Tensor, addingToBias row: Tensor? = nil) -> Tensor {
    precondition(!accumulates, "a convolution that adds was asked for its result")
    return unsafe Tensor(uninitialized: Array(x.shape.dropLast()) + [outputs]) { y in
      unsafe run(x, row.map { bias + $0 } ?? bias, into: y)
    }
  }

  /// Adds the convolution of x to y.
  package func add(_ x: Tensor, to y: inout Tensor) {
    precondition(
      accumulates && y.shape == Array(x.shape.dropLast()) + [outputs], "convolution of \(x.shape) added to \(y.shape)")
    unsafe y.withUnsafeMutableElements { unsafe run(x, bias, into: $0) }
  }

  private func run(_ x: Tensor, _ bias: Tensor, into y: UnsafeMutableBufferPointer<Float>) {
    precondition(x.shape.count == 4 && x.width == inputs, "convolution of \(inputs) channels on \(x.shape)")
    let shape = PictureShape(height: x.shape[1], width: x.shape[2])
    let pairs = x.shape[0] * shape.pairs
    let y = unsafe SharedElements(y)
    let parts = ag_split_places_size(pairs * shape.across, inputs) / Self.mostBytes + 1
    for part in 0..<parts {
      unsafe run(x, bias, shape, pairs: pairs * part / parts..<pairs * (part + 1) / parts, into: y)
    }
  }

  private struct PictureShape {
    let height: Int
    let width: Int
    /// The pairs of lines of a picture.
    var pairs: Int { ag_split_pairs(height) }
    /// The places that a pair of lines takes.
    var across: Int { width + 1 }

    /// The four lines that a pair, numbered through all pictures, sees, numbered likewise; nil outside of its picture.
    func lines(seenBy pair: Int) -> [Int?] {
      let (picture, number) = pair.quotientAndRemainder(dividingBy: pairs)
      return (2 * number - 1...2 * number + 2).map { (0..<height).contains($0) ? picture * height + $0 : nil }
    }
  }

  private func run(_ x: Tensor, _ bias: Tensor, _ shape: PictureShape, pairs: Range<Int>, into y: SharedElements) {
    let (width, across, side) = (shape.width, shape.across, Int(AG_SPLIT_PLACES))
    let blocks = (pairs.count * across - 1 + side - 1) / side
    let places = blocks * side + 2
    let length = ag_split_places_size(places, inputs) / MemoryLayout<Float>.size
    let packed = unsafe Tensor(uninitialized: [length]) { packed in
      let shared = unsafe SharedElements(packed)
      // Behind the last pair stands a zero alone, which its last pixels see.
      let nothing = unsafe [UnsafePointer<Float>?](repeating: nil, count: 4)
      unsafe ag_split_lines(nothing, 0, inputs, packed.baseAddress, pairs.count * across, places)
      parallel(pairs.count) { [self] range in
        unsafe x.withUnsafeElements { x in
          for pair in range {
            let seen = unsafe shape.lines(seenBy: pairs.lowerBound + pair).map { line in
              unsafe line.flatMap { unsafe x.baseAddress?.advanced(by: $0 * width * inputs) }
            }
            unsafe ag_split_lines(seen, width, inputs, shared.part(0, length).baseAddress, pair * across, places)
          }
        }
      }
    }
    let lines = (outputs + 31) / 32
    let bands = (blocks + Int(AG_SPLIT_BAND) - 1) / Int(AG_SPLIT_BAND)
    // In many pieces, since others use the unit from a core's second thread and cores are never equally fast. Smaller pictures
    // are cut by outputs, so that each weight is read once.
    let isSmall = bands < 2 * Threads.count
    parallel(isSmall ? lines : bands, piecesPerThread: isSmall ? 4 : 16) { [self] range in
      unsafe packed.withUnsafeElements { packed in
        unsafe weights.withUnsafeElements { weights in
          unsafe bias.withUnsafeElements { bias in
            var convolution = unsafe ag_split_convolution(
              height: shape.height, width: width, first_pair: pairs.lowerBound, pairs: pairs.count, inputs: inputs,
              outputs: outputs, x: UnsafeRawPointer(packed.baseAddress), places: places,
              weights: UnsafeRawPointer(weights.baseAddress), bias: bias.baseAddress,
              y: y.part(0, x.rows * outputs).baseAddress, accumulates: accumulates ? 1 : 0)
            let band = blocks * range.lowerBound / bands..<blocks * range.upperBound / bands
            let (blocks, lines) = isSmall ? (0..<blocks, range) : (band, 0..<lines)
            unsafe ag_split_convolve(
              &convolution, blocks.lowerBound, blocks.upperBound, lines.lowerBound, lines.upperBound)
          }
        }
      }
    }
  }
}
