import CKernels

/// A 3×3 convolution, stride 1, on the CPU's matrix unit, every Float32 split into two bfloat16 numbers: as far off as
/// `SplitProduct`. In a network it takes a fifth less time than Winograd's algorithm on the vector unit.
package final class SplitConvolution: Sendable {
  private let inputs: Int
  private let outputs: Int
  private let bias: Tensor
  private let accumulates: Bool
  /// Tiles of bfloat16 numbers, each row 32 outputs.
  private let packed: Tensor

  /// Whether a kernel [outputs, inputs, height, width] can be one, here.
  package static func applies(to shape: [Int], stride: Int, padding: Padding) -> Bool {
    ag_has_matrix_unit() != 0 && shape.count == 4 && shape[2...] == [3, 3] && stride == 1 && padding == .all(1)
  }

  /// So many bytes of packed pixels are worked on at a time; larger pictures are cut into bands of lines.
  private static let mostBytes = 64 << 20
  /// What the kernel takes at a time, in pixels: smaller pictures are cut by outputs, not by pixels.
  private static let band = 8 * Int(AG_SPLIT_PIXELS)

  /// Packs weight [outputs, inputs, 3, 3]; it is not kept. With `accumulating`, the result is added to what stands there.
  package init(weight: Tensor, bias: Tensor, accumulating: Bool = false) {
    precondition(Self.applies(to: weight.shape, stride: 1, padding: .all(1)) && bias.count == weight.shape[0])
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    (self.outputs, self.inputs, self.bias, accumulates) = (outputs, inputs, bias, accumulating)
    let lineLength = ag_split_kernel_size(inputs) / MemoryLayout<Float>.size
    packed = unsafe Tensor(shape: [(outputs + 31) / 32, lineLength]) { lines, packed in
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
    let (count, height, width) = (x.shape[0], x.shape[1], x.shape[2])
    let y = unsafe SharedElements(y)
    let lineBytes = ag_split_pixels_size(width + 1, inputs)
    guard count * (height + 1) * lineBytes > Self.mostBytes else {
      return unsafe run(x, bias, Part(count: count, first: 0, height: height, width: width), into: y)
    }
    let lines = max(8, Self.mostBytes / lineBytes)
    for picture in 0..<count {
      for first in stride(from: 0, to: height, by: lines) {
        let part = Part(
          count: 1, first: picture * height + first, height: min(lines, height - first), width: width,
          above: first > 0, below: first + lines < height)
        unsafe run(x, bias, part, into: y)
      }
    }
  }

  /// Whole pictures, or some lines of one.
  private struct Part {
    let count: Int
    /// The first line, of all lines of all pictures.
    let first: Int
    let height: Int
    let width: Int
    /// Whether lines of the same picture stand above and below.
    var above = false
    var below = false

    /// Lines of packed pixels stand so far apart.
    var across: Int { width + 1 }
    /// The blocks of packed pixels that hold a result.
    var blocks: Int { ((count * (height + 1) - 1) * across + Int(AG_SPLIT_PIXELS) - 1) / Int(AG_SPLIT_PIXELS) }
    /// The packed lines that those see.
    var packedLines: Int { (blocks * Int(AG_SPLIT_PIXELS) + 2 * across + 2 + across - 1) / across }

    /// Which line stands in this packed line; nil for zeros.
    func line(at packed: Int) -> Int? {
      if packed == 0 { return above ? first - 1 : nil }
      let (picture, line) = (packed - 1).quotientAndRemainder(dividingBy: height + 1)
      if picture == 0, line == height { return below ? first + height : nil }
      return picture < count && line < height ? first + picture * height + line : nil
    }
  }

  private func run(_ x: Tensor, _ bias: Tensor, _ part: Part, into y: SharedElements) {
    let (width, across, packedLines, blocks) = (part.width, part.across, part.packedLines, part.blocks)
    let length = ag_split_pixels_size(packedLines * across, inputs) / MemoryLayout<Float>.size
    let pixels = unsafe Tensor(uninitialized: [length]) { pixels in
      let shared = unsafe SharedElements(pixels)
      parallel(packedLines) { [self] range in
        unsafe x.withUnsafeElements { x in
          for packed in range {
            var line: UnsafePointer<Float>?
            if let start = x.baseAddress, let number = part.line(at: packed) {
              unsafe line = start + number * width * inputs
            }
            unsafe ag_split_line(
              line, width, inputs, shared.part(0, length).baseAddress, packed * across, packedLines * across)
          }
        }
      }
    }
    let (first, size) = (part.first * width * outputs, part.count * part.height * width * outputs)
    let lines = (outputs + 31) / 32
    let isSmall = blocks * Int(AG_SPLIT_PIXELS) < 2 * Threads.count * Self.band
    parallel(isSmall ? lines : blocks, grain: isSmall ? 1 : 4, piecesPerThread: isSmall ? 1 : 4) { [self] range in
      unsafe pixels.withUnsafeElements { pixels in
        unsafe packed.withUnsafeElements { packed in
          unsafe bias.withUnsafeElements { bias in
            var convolution = unsafe ag_split_convolution(
              count: part.count, height: part.height, width: width, inputs: inputs, outputs: outputs,
              x: UnsafeRawPointer(pixels.baseAddress), pixels: packedLines * across,
              weights: UnsafeRawPointer(packed.baseAddress), bias: bias.baseAddress,
              y: y.part(first, size).baseAddress, accumulates: accumulates ? 1 : 0)
            let (blocks, lines) = isSmall ? (0..<blocks, range) : (range, 0..<lines)
            unsafe ag_split_convolve(
              &convolution, blocks.lowerBound, blocks.upperBound, lines.lowerBound, lines.upperBound)
          }
        }
      }
    }
  }
}
