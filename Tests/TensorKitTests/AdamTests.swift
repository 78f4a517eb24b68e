import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// One step of Adam after another against torch.optim.Adam in Float64 (Tools/reference/adam.py).
///
/// Adam divides a gradient by its own size, so errors are stated in steps of one learning rate, here 1e-2. A parameter below
/// 1 is rounded to 3e-8, which is 3e-6 of a step, every time. Gradients are sums of up to 80 terms of size 1, off by some
/// 1e-7 of the largest: an element whose gradients nearly cancel in every step so far, one in some thousand, is sure of its
/// step only to 1e-4. All elements together (root of the mean square) have little but the rounding.
@Suite struct AdamTests {
  static let rate: Float = 1e-2
  static let steps = 3
  let file: SafetensorsFile

  init() throws {
    let url = try #require(
      Bundle.module.url(forResource: "adam", withExtension: "safetensors", subdirectory: "Fixtures"))
    file = try SafetensorsFile(FilePath(url.path))
  }

  private func recorded(_ name: String) throws -> Tensor { try file.tensor(ByteString(name)) }

  /// Element `index` of the first axis of a recorded tensor.
  private func recorded(_ name: String, _ index: Int) throws -> Tensor { try recorded(name).slice(index) }

  @Test(
    "a linear map's weights, bias and input gradient",
    arguments: [(1, 37, 13), (2, 5, 3), (2, 16, 8), (14, 37, 70), (33, 50, 45), (80, 19, 105)], [1, 2, 3])
  func linearMap(shape: (rows: Int, inputs: Int, outputs: Int), threads: Int) throws {
    try Threads.with(threads) {
      let name = "linear.\(shape.rows).\(shape.inputs).\(shape.outputs)"
      var map = Linear(weight: try recorded("\(name).weight", 0), bias: try recorded("\(name).bias", 0))
      var adam = Adam(learningRate: Double(Self.rate))
      for step in 0..<Self.steps {
        adam.beginStep()
        let dx = adam.pullback(
          try recorded("\(name).dy", step), x: try recorded("\(name).x", step), through: &map, key: 4)
        // Sums of up to 105 terms; what the weights may be off by below is less than their rounding.
        expectClose(dx, try recorded("\(name).dx", step), relative: 2e-6, "\(name) dx, step \(step)")
        let (weight, bias) = (try recorded("\(name).weight", step + 1), try recorded("\(name).bias", step + 1))
        expectClose(map.weight, weight, absolute: 1e-4 * Self.rate, "\(name) weight, step \(step)")
        expectClose(map.bias, bias, absolute: 1e-4 * Self.rate, "\(name) bias, step \(step)")
        #expect((map.weight + -1 * weight).norm <= 5e-6 * Self.rate * Float(weight.count).squareRoot())
      }
    }
  }

  @Test(
    "a linear map's weights in steps of different numbers of rows, against gradients formed as a whole",
    arguments: [1, 2])
  func linearMapOfChangingRows(threads: Int) {
    Threads.with(threads) {
      var map = Linear(weight: Tensor(randomWithSeed: 1, shape: [77, 37], scale: 1), bias: Tensor(zeros: [77]))
      var whole = map.weight
      var (sweeping, adding) = (Adam(learningRate: Double(Self.rate)), Adam(learningRate: Double(Self.rate)))
      for (step, rows) in [3, 14, 1, 20, 20, 33, 2].enumerated() {
        let (dy, x) = (
          Tensor(randomWithSeed: UInt64(step + 2), shape: [rows, 77], scale: 1),
          Tensor(randomWithSeed: UInt64(step + 20), shape: [rows, 37], scale: 1)
        )
        sweeping.beginStep()
        adding.beginStep()
        _ = sweeping.pullback(dy, x: x, through: &map, key: 0)
        adding.update(&whole, gradient: matrixProduct(dy, transposed: true, x), key: 0)
        // As in the test before: what is left of sums that nearly cancel differs by their rounding.
        expectClose(map.weight, whole, absolute: 1e-4 * Self.rate, "step \(step)")
      }
    }
  }

  @Test("a vector, with gradients of all sizes, of none, and none any more")
  func vector() throws {
    var parameters = try recorded("vector.parameters", 0)
    let untouched = parameters.elements[0]
    var adam = Adam(learningRate: Double(Self.rate))
    for step in 0..<Self.steps {
      adam.beginStep()
      adam.update(&parameters, gradient: try recorded("vector.gradients", step), key: 7)
      // No sums here: three times the parameters' rounding.
      expectClose(parameters, try recorded("vector.parameters", step + 1), absolute: 1e-5 * Self.rate, "step \(step)")
    }
    #expect(parameters.elements[0] == untouched)
  }

  @Test("rows of a table, the others bit for bit as they were")
  func table() throws {
    let numbers = try recorded("table.numbers").elements.map { Int($0) }
    let start = try recorded("table.parameters", 0)
    var table = start
    var adam = Adam(learningRate: Double(Self.rate))
    for step in 0..<Self.steps {
      adam.beginStep()
      adam.update(&table, rows: numbers, dy: try recorded("table.dy", step), key: 0)
      expectClose(table, try recorded("table.parameters", step + 1), absolute: 2e-5 * Self.rate, "step \(step)")
    }
    let others = [2, 4, 5, 6, 7, 9, 10]
    #expect(rows(others, of: table).elements == rows(others, of: start).elements)
    #expect(rows(numbers, of: table).elements != rows(numbers, of: start).elements)
  }

  @Test("the sweep's estimated roots and quotients against those of the CPU, with gradients of all sizes")
  func estimates() throws {
    // One row: the gradient's elements are single products, which the sweep and the plain loop round alike. So only the
    // ways to divide differ: estimates with 27 bits, against instructions that are exact to half an ulp. Fused or not,
    // moments differ by an ulp or two of 6e-8. Where AVX-512 is missing both sides divide.
    let sizes = (0..<37).map { Float(pow(10, Double($0) - 22)) }  // 1e-22 … 1e14, and zero instead of the first
    let x = Tensor([0] + sizes.dropFirst(), shape: [1, 37])
    let zeros = Tensor(zeros: [19, 37])
    // The weights begin at zero, so that the steps are not rounded to the weights' size.
    var map = Linear(weight: zeros, bias: Tensor(zeros: [19]))
    var plain = zeros
    var (sweeping, dividing) = (Adam(learningRate: 1), Adam(learningRate: 1))
    for step in 0..<6 {
      let dy = Tensor((0..<19).map { Float(($0 * 7 + step * 5) % 19 - 9) / 8 }, shape: [1, 19])
      sweeping.beginStep()
      dividing.beginStep()
      _ = sweeping.pullback(dy, x: x, through: &map, key: 0)
      dividing.update(&plain, gradient: matrixProduct(dy, transposed: true, x), key: 0)
      for column in 0..<37 {
        // A column has gradients of one size, so its steps are of one size too, from 1e-14 beside ε up to 1.
        let pairs = (0..<19).map { (map.weight.elements[$0 * 37 + column], plain.elements[$0 * 37 + column]) }
        let largest = pairs.reduce(0) { max($0, abs($1.1)) }
        #expect(pairs.allSatisfy { abs($0 - $1) <= 1e-6 * largest }, "step \(step), column \(column): \(pairs)")
      }
    }
  }

  @Test(
    "products of few rows, for every number of them and of one more",
    arguments: [(1, 1), (5, 3), (16, 4), (37, 75), (129, 43)])
  func fewRows(shape: (inputs: Int, outputs: Int)) throws {
    let name = "product.\(shape.inputs).\(shape.outputs)"
    let (x, weight, y) = (try recorded("\(name).x"), try recorded("\(name).weight"), try recorded("\(name).y"))
    for count in 1...49 {
      // Sums of up to 129 terms: a few times 6e-8 of the largest.
      expectClose(
        linear(x.rows(0..<count), weight: weight), y.rows(0..<count), relative: 2e-6, "\(name), \(count) rows")
      for kernel in FewRowsKernel.available {
        expectClose(
          fewRowsProduct(x.rows(0..<count), weight, kernel: kernel), y.rows(0..<count), relative: 2e-6,
          "\(name), \(count) rows, \(kernel)")
      }
    }
  }
}

extension Tensor {
  /// Element `index` of the first axis.
  fileprivate func slice(_ index: Int) -> Tensor {
    let size = count / shape[0]
    return Tensor(Array(elements[index * size..<(index + 1) * size]), shape: Array(shape.dropFirst()))
  }
}
