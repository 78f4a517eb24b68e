import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Operations on pictures [n, height, width, channels] against PyTorch (Tools/reference/pictures.py).
///
/// Tolerances are relative to the largest element: Float32 sums of some hundred terms are off by a few times 6e-8 of it.
/// Winograd's transforms enlarge what is rounded, by up to ten times with these points; 2e-5 leaves as much again.
@Suite struct PictureOperationTests {
  let file: SafetensorsFile
  let tolerance: Float = 2e-6

  init() throws {
    let url = try #require(
      Bundle.module.url(forResource: "pictures", withExtension: "safetensors", subdirectory: "Fixtures"))
    file = try SafetensorsFile(FilePath(url.path))
  }

  private func recorded(_ name: String) throws -> Tensor { try file.tensor(ByteString(name)) }

  @Test(
    "convolution by the direct algorithm, also added to what is there, on any number of threads",
    arguments: ["wide", "narrow", "odd", "halving", "below"], [1, 2, 5])
  func directConvolution(name: String, threads: Int) throws {
    try Threads.with(threads) {
      let (x, y) = (try recorded("convolution.\(name).x"), try recorded("convolution.\(name).y"))
      let (weight, bias) = (try recorded("convolution.\(name).weight"), try recorded("convolution.\(name).bias"))
      // Prepared for pictures of another size than comes.
      func make(_ accumulating: Bool) throws -> DirectConvolution {
        try #require(
          DirectConvolution(
            weight: weight, bias: bias, stride: ["halving", "below"].contains(name) ? 2 : 1,
            padding: name == "below" ? .belowAndRight : .all(1), height: 64, width: 64, accumulating: accumulating))
      }
      let convolution = try make(false)
      expectClose(convolution(x), y, relative: tolerance, name)
      let row = Tensor((0..<bias.count).map { Float($0) }, shape: bias.shape)
      let shifted = y.reshaped([y.rows, y.width]).addingToRows(row).reshaped(y.shape)
      expectClose(convolution(x, addingToBias: row), shifted, relative: tolerance, name)
      var sum = y
      try make(true).add(x, to: &sum)
      expectClose(sum, 2 * y, relative: tolerance, name)
    }
  }

  @Test("convolution by Winograd's algorithm", arguments: ["wide", "narrow"], [1, 2, 5])
  func winogradConvolution(name: String, threads: Int) throws {
    try Threads.with(threads) {
      let (x, y) = (try recorded("convolution.\(name).x"), try recorded("convolution.\(name).y"))
      let (weight, bias) = (try recorded("convolution.\(name).weight"), try recorded("convolution.\(name).bias"))
      let convolution = WinogradConvolution(weight: weight, bias: bias)
      expectClose(convolution(x), y, relative: 2e-5, name)
      var sum = y
      convolution.add(x, to: &sum)
      expectClose(sum, 2 * y, relative: 2e-5, name)
      #expect(WinogradConvolution.applies(to: [80, 32, 3, 3], stride: 1, padding: .all(1)))
      #expect(!WinogradConvolution.applies(to: [80, 32, 3, 3], stride: 2, padding: .all(1)))
      #expect(!WinogradConvolution.applies(to: [80, 32, 1, 1], stride: 1, padding: .all(1)))
      #expect(!WinogradConvolution.applies(to: [4, 320, 3, 3], stride: 1, padding: .all(1)))
    }
  }

  @Test("Winograd's algorithm with several blocks of inputs, panels of outputs, and waves", arguments: [1, 2])
  func deepWinogradConvolution(threads: Int) throws {
    try Threads.with(threads) {
      // Narrower ends of each kind: 144 = 64 + 64 + 16 inputs, 80 = 48 + 32 outputs, squares of 4 × 4 pixels beyond the edge.
      let weight = Tensor(randomWithSeed: 1, shape: [80, 144, 3, 3], scale: 1)
      let bias = Tensor(randomWithSeed: 2, shape: [80], scale: 1)
      let convolution = WinogradConvolution(weight: weight, bias: bias)
      // The second takes 1,352 squares, more than one wave holds. The oracle is the direct algorithm, which is compared with
      // PyTorch above.
      for (count, height, width) in [(3, 9, 14), (2, 103, 101)] {
        let x = Tensor(randomWithSeed: 3, shape: [count, height, width, 144], scale: 1)
        let direct = try #require(
          DirectConvolution(weight: weight, bias: bias, stride: 1, padding: .all(1), height: height, width: width))
        expectClose(convolution(x), direct(x), relative: 2e-5, "\(height) × \(width)")
      }
    }
  }

  @Test(
    "convolution on the matrix unit",
    .enabled(if: SplitConvolution.applies(to: [1, 1, 3, 3], stride: 1, padding: .all(1))),
    arguments: ["wide", "narrow", "odd"], [1, 2, 5])
  func splitConvolution(name: String, threads: Int) throws {
    try Threads.with(threads) {
      let (x, y) = (try recorded("convolution.\(name).x"), try recorded("convolution.\(name).y"))
      let (weight, bias) = (try recorded("convolution.\(name).weight"), try recorded("convolution.\(name).bias"))
      let convolution = SplitConvolution(weight: weight, bias: bias)
      // Every product is right to 3 · 2⁻¹⁸ = 1.1e-5; errors of many are seldom all one way.
      expectClose(convolution(x), y, relative: 1e-5, name)
      let row = Tensor((0..<bias.count).map { Float($0) }, shape: bias.shape)
      let shifted = y.reshaped([y.rows, y.width]).addingToRows(row).reshaped(y.shape)
      expectClose(convolution(x, addingToBias: row), shifted, relative: 1e-5, name)
      var sum = y
      SplitConvolution(weight: weight, bias: bias, accumulating: true).add(x, to: &sum)
      expectClose(sum, 2 * y, relative: 1e-5, name)
    }
  }

  @Test(
    "on the matrix unit each number is right to what splitting leaves, in one piece, in stretches of channels and in bands",
    .enabled(if: SplitConvolution.applies(to: [1, 1, 3, 3], stride: 1, padding: .all(1))),
    arguments: [[1, 20, 20, 330, 40], [3, 5, 3, 40, 70], [1, 530, 512, 33, 5], [2, 1, 1, 3, 1]])
  func splitBound(sizes: [Int]) throws {
    var random = SplitMix(state: 4)
    let x = Tensor.random(Array(sizes[..<4]), using: &random)
    let weight = Tensor.random([sizes[4], sizes[3], 3, 3], using: &random)
    let bias = Tensor.random([sizes[4]], using: &random)
    func direct(_ x: Tensor, _ weight: Tensor, _ bias: Tensor) throws -> [Float] {
      let convolution = try #require(
        DirectConvolution(weight: weight, bias: bias, padding: .all(1), height: sizes[1], width: sizes[2]))
      return convolution(x).elements
    }
    func absolute(_ x: Tensor) -> Tensor { Tensor(x.elements.map { abs($0) }, shape: x.shape) }
    let convolution = SplitConvolution(weight: weight, bias: bias)
    let (found, expected) = (convolution(x).elements, try direct(x, weight, bias))
    let products = try direct(absolute(x), Self.columnProducts(weight, upper: true), absolute(bias))
    let lower = try direct(absolute(x), Self.columnProducts(weight, upper: false), absolute(bias))
    let lineLength = sizes[2] * sizes[4]
    // 3 · 2⁻¹⁸ of the products by the splitting; the rounding of sums adds 2⁻²⁴ of them for each term in the worst case, and
    // hardly ever more than for sixteen.
    let limit: Float = (3 * 64 + 16) / Float(1 << 24)
    let errors = found.indices.map { index in
      let isUpper = index / lineLength % sizes[1] % 2 == 0
      return abs(found[index] - expected[index]) / (isUpper ? products : lower)[index]
    }
    #expect(try #require(errors.max()) <= limit, "\(sizes)")
  }

  /// Weights whose convolution with the magnitudes of a picture gives the sum of the magnitudes of all products of
  /// F(2,3) along the columns, for the upper or the lower pixel of a pair (split_convolution.h).
  private static func columnProducts(_ weight: Tensor, upper: Bool) -> Tensor {
    let elements = weight.elements
    var result = elements
    for index in elements.indices where index % 9 < 3 {
      let (u, v, w) = (abs(elements[index]), abs(elements[index + 3]), abs(elements[index + 6]))
      // |m1| and |m2| are at most (|b| + |c|) (u + v + w) / 2.
      let both = u + v + w
      (result[index], result[index + 3], result[index + 6]) = upper ? (u, both, both + u) : (both + w, both, w)
    }
    return Tensor(result, shape: weight.shape)
  }

  @Test("Winograd's algorithm strays little from the direct one on many channels")
  func deviation() throws {
    var random = SplitMix(state: 3)
    let x = Tensor.random([1, 20, 20, 320], using: &random)
    let weight = Tensor.random([64, 320, 3, 3], using: &random)
    let bias = Tensor.random([64], using: &random)
    let direct = try #require(
      DirectConvolution(weight: weight, bias: bias, padding: .all(1), height: 20, width: 20))
    // Sums of 2880 terms: rounding grows with their root. The speed's price is to stay below 1e-3, and does by far.
    expectClose(WinogradConvolution(weight: weight, bias: bias)(x), direct(x), relative: 2e-5)
  }

  @Test(
    "attention on the matrix unit strays little from Float32's, and as little as splitting leaves",
    .enabled(if: SplitConvolution.applies(to: [1, 1, 3, 3], stride: 1, padding: .all(1))),
    arguments: [
      [1, 1, 1000, 40], [2, 2, 128, 33], [1, 2, 300, 160], [1, 2, 140, 80], [1, 3, 200, 10], [2, 1, 130, 27],
    ])
  func splitAttention(sizes: [Int]) throws {
    let (sequences, heads, count, width) = (sizes[0], sizes[1], sizes[2], sizes[3])
    var random = SplitMix(state: 5)
    let rows = 2 * Tensor.random([sequences * count, 3 * heads * width], using: &random)
    func seen(exactly: Bool) -> Tensor {
      PackedKeys(
        rows, sequences: sequences, heads: heads, headWidth: width, keysAt: heads * width, valuesAt: 2 * heads * width,
        exactly: exactly
      ).attended(by: rows)
    }
    let (found, exact) = (seen(exactly: false), seen(exactly: true))
    #expect(found.elements != exact.elements)
    // Scores of up to 20 are right to 1e-5 of the products in them, some 1e-4; so are the weights, and their errors cancel.
    expectClose(found, exact, relative: 1e-4, "\(sizes)")
  }

  @Test("group norm, alone and with SiLU", arguments: ["plain", "level"], [1, 2])
  func groupNormalisation(name: String, threads: Int) throws {
    try Threads.with(threads) {
      for silu in [false, true] {
        let prefix = "group_norm.\(name)"
        let y = groupNorm(
          try recorded(prefix + ".x"), groups: name == "plain" ? 6 : 2, scale: try recorded(prefix + ".scale"),
          bias: try recorded(prefix + ".bias"), epsilon: 1e-5, silu: silu)
        // At a level of 300 the variation has lost 8 of its 24 bits before it comes here.
        expectClose(
          y, try recorded(prefix + (silu ? ".silu" : ".y")), relative: name == "plain" ? tolerance : 5e-5, prefix)
      }
    }
  }

  @Test("SiLU and the gated GELU")
  func activations() throws {
    // Each by itself, for the largest is 1e4; what lies below 1e-30 is as good as nothing.
    for (found, expected) in zip(silu(try recorded("silu.x")).elements, try recorded("silu.y").elements) {
      #expect(abs(found - expected) <= tolerance * abs(expected) + 1e-30)
    }
    expectClose(gatedGELU(try recorded("geglu.x")), try recorded("geglu.y"), relative: tolerance)
  }

  @Test("attention in tiles", arguments: [("self", 2, 2), ("cross", 2, 2), ("one", 1, 2), ("sharp", 1, 2)])
  func attention(name: String, heads: Int, sequences: Int) throws {
    let (k, v) = (try recorded("attention.\(name).k"), try recorded("attention.\(name).v"))
    let width = k.width / heads
    // Keys and values side by side, as one product makes them.
    let rows = Tensor.concatenated(
      (0..<k.rows).flatMap { [k.rows($0..<$0 + 1), v.rows($0..<$0 + 1)].map { $0.reshaped([k.width]) } }
    ).reshaped([k.rows, 2 * k.width])
    for exactly in [true, false] {
      let keys = PackedKeys(
        rows, sequences: sequences, heads: heads, headWidth: width, keysAt: 0, valuesAt: k.width, exactly: exactly)
      let y = keys.attended(by: try recorded("attention.\(name).q"))
      // Scores of up to 500 enter an exponential: their rounding, 3e-5, is the weights' relative error. Split numbers are right
      // to 3 · 2⁻¹⁸.
      let relative: Float = name == "sharp" ? 5e-5 : exactly ? tolerance : 1e-5
      expectClose(y, try recorded("attention.\(name).y"), relative: relative, name)
    }
  }

  @Test(
    "attention in tiles and with all scores at once, for values of all numbers of vectors, whole and half",
    arguments: [3, 8, 9, 16, 24, 31, 33, 40, 41, 56, 72, 88, 100], [1, 192, 195])
  func attentionOfAllWidths(width: Int, count: Int) {
    var random = SplitMix(state: 6)
    let rows = 2 * Tensor.random([2 * count, 3 * 2 * width], using: &random)
    let keys = PackedKeys(
      rows, sequences: 2, heads: 2, headWidth: width, keysAt: 2 * width, valuesAt: 4 * width, exactly: true)
    let whole = Attention(heads: 2, lengths: [count, count], isCausal: false)(rows)
    expectClose(keys.attended(by: rows), whole, relative: tolerance, "\(width) numbers of \(count) keys")
  }

  @Test("pictures enlarged, joined, and in torch's order")
  func arranging() throws {
    let x = try recorded("enlarged.x")
    #expect(enlarged(x, height: 9, width: 8).elements == (try recorded("enlarged.y")).elements)
    #expect(channelsLast(channelsFirst(x)).elements == x.elements)
    #expect(channelsFirst(x).shape == [2, 3, 5, 4])
    #expect(channelsFirst(x).elements[1 * 20 + 2 * 4 + 3] == x.elements[(2 * 4 + 3) * 3 + 1])
    let joined = besideEachOther(x, 2 * x)
    #expect(joined.shape == [2, 5, 4, 6])
    #expect(Array(joined.elements[6..<12]) == Array(x.elements[3..<6]) + x.elements[3..<6].map { 2 * $0 })
  }
}
