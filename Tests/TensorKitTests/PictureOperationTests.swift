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
    let before = Threads.count
    defer { Threads.use(before) }
    Threads.use(threads)
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

  @Test("convolution by Winograd's algorithm", arguments: ["wide", "narrow"], [1, 2, 5])
  func winogradConvolution(name: String, threads: Int) throws {
    let before = Threads.count
    defer { Threads.use(before) }
    Threads.use(threads)
    let (x, y) = (try recorded("convolution.\(name).x"), try recorded("convolution.\(name).y"))
    let (weight, bias) = (try recorded("convolution.\(name).weight"), try recorded("convolution.\(name).bias"))
    let convolution = WinogradConvolution(weight: weight, bias: bias)
    expectClose(convolution(x), y, relative: 2e-5, name)
    var sum = y
    convolution.add(x, to: &sum)
    expectClose(sum, 2 * y, relative: 2e-5, name)
    #expect(Convolution.winogradBytes(weight: [80, 32, 3, 3], stride: 1) == 80 * 32 * 36 * 4)
    #expect(Convolution.winogradBytes(weight: [80, 32, 3, 3], stride: 2) == nil)
    #expect(Convolution.winogradBytes(weight: [4, 320, 3, 3], stride: 1) == nil)
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

  @Test("group norm, alone and with SiLU", arguments: ["plain", "level"], [1, 2])
  func groupNormalisation(name: String, threads: Int) throws {
    let before = Threads.count
    defer { Threads.use(before) }
    Threads.use(threads)
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
    let keys = PackedKeys(
      rows, sequences: sequences, heads: heads, headWidth: width, keysAt: 0, valuesAt: k.width)
    let y = keys.attended(by: try recorded("attention.\(name).q"))
    // Scores of up to 500 enter an exponential: their rounding, 3e-5, is the weights' relative error.
    expectClose(y, try recorded("attention.\(name).y"), relative: name == "sharp" ? 5e-5 : tolerance, name)
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
