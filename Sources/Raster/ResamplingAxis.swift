import Glibc

/// How a pixel's value is made from those around it when a picture is resized.
public enum ResamplingFilter: Sendable {
  /// Keys' cubic convolution with a = −1/2: what CLIP's pictures are prepared with.
  case bicubic
  /// Lanczos' windowed sinc of three lobes: what diffusers and AUTOMATIC1111 make pictures fit with.
  case lanczos

  /// How many input pixels to each side take part, before antialiasing.
  fileprivate var reach: Double { self == .bicubic ? 2 : 3 }

  /// The weight of a pixel so far away, in Pillow's order of operations.
  fileprivate func weight(_ offset: Double) -> Double {
    switch self {
    case .bicubic:
      let x = abs(offset)
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
      return 0
    case .lanczos:
      return -3 <= offset && offset < 3 ? Self.sinc(offset) * Self.sinc(offset / 3) : 0
    }
  }

  private static func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }
}

/// How the pixels of one axis are mixed into those of another length: an antialiased filter of Pillow 12, its weights as
/// whole numbers of 2^-22.
struct ResamplingAxis {
  /// For each output pixel, the first input pixel that takes part.
  private(set) var firsts: [Int32]
  /// For each output pixel, how many input pixels take part.
  private(set) var counts: [Int32]
  /// `stride` weights for each output pixel, those behind its count zero.
  private(set) var weights: [Int32]
  /// The most input pixels that can take part in one output pixel.
  let stride: Int
  /// The number of output pixels.
  let length: Int

  /// The weights that make output pixels `range` of `outputLength` from `inputLength` input pixels.
  init(from inputLength: Int, to outputLength: Int, range: Range<Int>, _ filter: ResamplingFilter) {
    let scale = Double(inputLength) / Double(outputLength)
    let filterScale = max(scale, 1)
    let support = filter.reach * filterScale
    let inverse = 1 / filterScale
    stride = Int(support.rounded(.up)) * 2 + 1
    length = range.count
    firsts = []
    counts = []
    weights = [Int32](repeating: 0, count: length * stride)
    for (row, output) in range.enumerated() {
      let center = (Double(output) + 0.5) * scale
      let first = max(0, Int(center - support + 0.5))
      let end = min(inputLength, Int(center + support + 0.5))
      let unscaled = (first..<end).map { input in
        filter.weight((Double(input) - center + 0.5) * inverse)
      }
      let sum = unscaled.reduce(0, +)
      for (index, weight) in unscaled.enumerated() {
        let scaled = (sum == 0 ? weight : weight / sum) * Double(1 << 22)
        weights[row * stride + index] = Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
      }
      firsts.append(Int32(first))
      counts.append(Int32(end - first))
    }
  }

  /// The input pixels that take part in anything.
  var inputs: Range<Int> {
    guard let first = firsts.first, let last = firsts.last, let count = counts.last else { return 0..<0 }
    return Int(first)..<Int(last + count)
  }

  /// The same weights, for input that begins at pixel `start`.
  func movedBack(by start: Int) -> ResamplingAxis {
    var axis = self
    axis.firsts = firsts.map { $0 - Int32(start) }
    return axis
  }

  /// Whether all input pixels that take part are among the first `count`.
  func isWithin(_ count: Int) -> Bool {
    zip(firsts, counts).allSatisfy { $0 >= 0 && Int($0) + Int($1) <= count && Int($1) <= stride }
  }
}
