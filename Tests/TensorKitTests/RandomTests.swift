import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Normal random numbers against torch's CPU generator, and against Philox and cuRAND's transform in numpy
/// (Tools/reference/random_numbers.py).
@Suite struct RandomTests {
  /// In the order of the fixture.
  static let seeds: [UInt64] = [
    0, 1, 2, 42, 123, 1234, 4321, 31337, 65535, 65536, 999_999, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000,
    0x1_0000_0001, 3_909_821_048_582_988_049, 4_052_555_153_018_976_267, 0x7FFF_FFFF_FFFF_FFFF, 5,
  ]
  static let shapes = [[1], [3, 5], [4, 4], [17], [1, 4, 5, 9]]
  let file: SafetensorsFile

  init() throws {
    let url = try #require(
      Bundle.module.url(forResource: "random", withExtension: "safetensors", subdirectory: "Fixtures"))
    file = try SafetensorsFile(FilePath(url.path))
  }

  private func recorded(_ kind: String, _ number: Int, _ shape: [Int]) throws -> Tensor {
    try file.tensor(ByteString("\(kind).\(number).\(shape.map(String.init).joined(separator: "x"))"))
  }

  @Test("torch's numbers on the CPU, bit for bit, draw after draw", arguments: seeds.indices)
  func cpu(number: Int) throws {
    var source = TorchNormals(seed: Self.seeds[number])
    for shape in Self.shapes {
      let (found, wanted) = (source.normals(shape), try recorded("cpu", number, shape))
      #expect(found.shape == shape)
      #expect(
        found.elements.map(\.bitPattern) == wanted.elements.map(\.bitPattern), "seed \(Self.seeds[number]) \(shape)")
    }
  }

  @Test("torch's numbers on the CPU for latents of 512 × 512 pixels")
  func latents() throws {
    var source = TorchNormals(seed: 42)
    let rows = source.normals([256, 64])
    let sums = (0..<256).map { row in
      Float(rows.rows(row..<row + 1).elements.reduce(UInt64(0)) { $0 + UInt64($1.bitPattern) } % (1 << 24))
    }
    #expect(try sums == file.tensor("cpu.large").elements)
  }

  /// Logarithm and sine in Float64 on both sides: the last bit may differ where two C libraries round differently.
  @Test("CUDA's numbers, draw after draw", arguments: seeds.indices)
  func cuda(number: Int) throws {
    var source = PhiloxNormals(seed: Self.seeds[number])
    for shape in Self.shapes {
      let (found, wanted) = (source.normals(shape), try recorded("cuda", number, shape))
      #expect(found.shape == shape)
      for (found, wanted) in zip(found.elements, wanted.elements) {
        #expect(abs(found - wanted) <= wanted.ulp, "seed \(Self.seeds[number]) \(shape)")
      }
    }
  }

  /// What AUTOMATIC1111's documentation shows of a GPU with seed 0. The GPU computes in Float32, with a sine that is right to
  /// 2^-21.4 (CUDA's manual on `__sincosf`), times a radius below 3.
  @Test("CUDA's first numbers for seed 0, as published")
  func published() {
    var source = PhiloxNormals(seed: 0)
    let expected: [Float] = [
      -0.92466259, -0.42534415, -2.6438457, 0.14518388, -0.12086647, -0.57972564, -0.62285122, -0.32838709, -1.07454231,
      -0.36314407, -1.67105067, 2.26550497,
    ]
    for (found, wanted) in zip(source.normals([3, 4]).elements, expected) { #expect(abs(found - wanted) < 1.1e-6) }
  }
}
