import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// What PyTorch computes (Tools/reference/operations.py), forward and gradients, in Float64 rounded to Float32.
struct Recorded {
  private let file: SafetensorsFile

  init() throws {
    let url = try #require(
      Bundle.module.url(forResource: "operations", withExtension: "safetensors", subdirectory: "Fixtures"))
    file = try SafetensorsFile(FilePath(url.path))
  }

  func callAsFunction(_ name: String) throws -> Tensor { try file.tensor(ByteString(name)) }
}

/// Every operation and pullback against PyTorch.
///
/// Tolerances are relative to the largest element. Sums of some hundred terms in Float32 are off by a few times 2^-24 of
/// it, 6e-8 each; 2e-6 leaves room for the order of summation and the approximated exponential (2 ulp).
@Suite struct OperationTests {
  let recorded: Recorded
  let tolerance: Float = 2e-6

  init() throws { recorded = try Recorded() }

  @Test("linear map and its gradients")
  func linearMap() throws {
    let (x, weight, bias) = (try recorded("linear.x"), try recorded("linear.weight"), try recorded("linear.bias"))
    expectClose(linear(x, weight: weight, bias: bias), try recorded("linear.y"), relative: tolerance)
    let pullback = linearPullback(try recorded("linear.dy"), x: x, weight: weight)
    expectClose(pullback.dx, try recorded("linear.dx"), relative: tolerance)
    expectClose(pullback.dweight, try recorded("linear.dweight"), relative: tolerance)
    expectClose(pullback.dbias, try recorded("linear.dbias"), relative: tolerance)
  }

  @Test("linear map with prepared weights", arguments: [1, 8, 64, 300])
  func packedLinear(preparedRows: Int) throws {
    let (x, weight, bias) = (try recorded("linear.x"), try recorded("linear.weight"), try recorded("linear.bias"))
    let y = try recorded("linear.y")
    func packed(
      bias: Tensor?, activation: Activation? = nil, accumulating: Bool = false
    ) throws -> PackedLinear {
      try #require(
        PackedLinear(
          weight: weight, bias: bias, rows: preparedRows, activation: activation, accumulating: accumulating,
          exactly: true))
    }
    expectClose(try packed(bias: bias)(x), y, relative: tolerance)
    var sum = y
    try packed(bias: bias, accumulating: true).add(x, to: &sum)
    expectClose(sum, 2 * y, relative: tolerance)
    for activation in [Activation.quickGELU, .gelu] {
      expectClose(try packed(bias: bias, activation: activation)(x), activation(y), relative: tolerance)
    }
    expectClose(try packed(bias: nil)(x), linear(x, weight: weight), relative: tolerance)
  }

  /// On a CPU without a matrix unit both sides are the same, and the test says as little.
  @Test(
    "linear map on split numbers strays no further than its arithmetic can, cut by outputs or by rows",
    arguments: [[32, 32, 32], [33, 31, 65], [257, 100, 588], [1, 96, 1056], [300, 48, 2100], [300, 300, 70]], [1, 2])
  func splitLinear(shape: [Int], threads: Int) throws {
    try Threads.with(threads) { try checkSplitLinear(shape) }
  }

  private func checkSplitLinear(_ shape: [Int]) throws {
    let (rows, outputs, inputs) = (shape[0], shape[1], shape[2])
    var random = SplitMix(state: 5)
    let x = Tensor.random([rows, inputs], using: &random)
    let weight = Tensor.random([outputs, inputs], using: &random)
    let bias = Tensor.random([outputs], using: &random)
    let exact = linear(x, weight: weight, bias: bias)
    // 3 · 2⁻¹⁸ of every product (split_product.h), and Float32's rounding of a sum of that many terms on both sides.
    func magnitudes(_ tensor: Tensor) -> Tensor { Tensor(tensor.elements.map { abs($0) }, shape: tensor.shape) }
    let sizes = linear(magnitudes(x), weight: magnitudes(weight), bias: magnitudes(bias))
    let share = 3 * Float(sign: .plus, exponent: -18, significand: 1) + Float(inputs).squareRoot() * 2 * .ulpOfOne
    func expectNear(_ found: Tensor, _ wanted: Tensor, slope: Float = 1, _ name: String) {
      for (index, (found, wanted)) in zip(found.elements, wanted.elements).enumerated() {
        let bound = slope * share * sizes.elements[index]
        guard abs(found - wanted) > bound || !found.isFinite else { continue }
        Issue.record("\(name) \(shape), element \(index): \(found) instead of \(wanted), bound \(bound)")
        return
      }
    }
    func packed(
      bias: Tensor?, activation: Activation? = nil, accumulating: Bool = false
    ) throws -> PackedLinear {
      try #require(
        PackedLinear(weight: weight, bias: bias, rows: 300, activation: activation, accumulating: accumulating))
    }
    expectNear(try packed(bias: bias)(x), exact, "plain")
    expectNear(try packed(bias: nil)(x), linear(x, weight: weight), "without bias")
    var sum = exact
    try packed(bias: bias, accumulating: true).add(x, to: &sum)
    expectNear(sum, 2 * exact, "added")
    for activation in [Activation.quickGELU, .gelu] {
      // Neither activation is steeper than 1.13.
      let active = try packed(bias: bias, activation: activation)
      expectNear(active(x), activation(exact), slope: 1.13, "\(activation)")
    }
  }

  @Test("matrix product, transposed or not, and its gradients")
  func product() throws {
    let (a, b, dy) = (try recorded("product.a"), try recorded("product.b"), try recorded("product.dy"))
    expectClose(matrixProduct(a, b), try recorded("product.y"), relative: tolerance)
    expectClose(matrixProduct(dy, b, otherTransposed: true), try recorded("product.da"), relative: tolerance)
    expectClose(matrixProduct(a, transposed: true, dy), try recorded("product.db"), relative: tolerance)
  }

  @Test("layer norm and its gradients", arguments: ["layer_norm", "layer_norm.constant"])
  func layerNormalisation(name: String) throws {
    // A row of 1000 ± 0.01 keeps only 3 digits of its variation in Float32, so much less can agree.
    let tolerance: Float = name == "layer_norm" ? tolerance : 5e-3
    let (x, scale) = (try recorded("\(name).x"), try recorded("\(name).scale"))
    let y = layerNorm(x, scale: scale, bias: try recorded("\(name).bias"), epsilon: 1e-5)
    expectClose(y, try recorded("\(name).y"), relative: tolerance)
    let pullback = layerNormPullback(try recorded("\(name).dy"), x: x, scale: scale, epsilon: 1e-5)
    expectClose(pullback.dx, try recorded("\(name).dx"), relative: tolerance)
    expectClose(pullback.dscale, try recorded("\(name).dscale"), relative: tolerance)
    expectClose(pullback.dbias, try recorded("\(name).dbias"), relative: tolerance)
  }

  @Test(
    "activations and their gradients, also of extreme inputs",
    arguments: [("quick_gelu", Activation.quickGELU), ("gelu", .gelu)], ["", ".extreme"])
  func activations(activation: (name: String, function: Activation), kind: String) throws {
    let name = activation.name + kind
    let (x, y, dx) = (try recorded("\(name).x"), try recorded("\(name).y"), try recorded("\(name).dx"))
    let pulled = activation.function.pullback(try recorded("\(name).dy"), x: x)
    // Element by element, so that small values beside 10^4 count too; 1e-7 is where gelu's tail fit ends.
    let pairs = zip(activation.function(x).elements + pulled.elements, y.elements + dx.elements)
    let wrong = pairs.filter { actual, expected in !(abs(actual - expected) <= 2e-6 * abs(expected) + 3e-7) }
    #expect(wrong.isEmpty, "\(wrong)")
  }

  @Test(
    "attention and its gradients",
    arguments: [("attention", 17, false), ("attention.causal", 14, true), ("attention.sharp", 9, true)])
  func attends(name: String, tokens: Int, isCausal: Bool) throws {
    // Sharp scores reach ±500, where half an ulp of the score is already 3e-5 of its exponential.
    let tolerance: Float = name == "attention.sharp" ? 2e-4 : tolerance
    let attention = Attention(heads: 3, lengths: [tokens, tokens], isCausal: isCausal)
    let input = try recorded("\(name).qkv")
    expectClose(attention(input), try recorded("\(name).y"), relative: tolerance)
    let pulled = attention.pullback(try recorded("\(name).dy"), queriesKeysValues: input)
    expectClose(pulled, try recorded("\(name).dqkv"), relative: tolerance)
  }

  @Test("rows of a table and their gradient")
  func tableRows() throws {
    let numbers = [3, 0, 3, 8, 8, 8, 1]
    expectClose(rows(numbers, of: try recorded("rows.table")), try recorded("rows.y"))
    let pulled = rowsPullback(try recorded("rows.dy"), numbers: numbers)
    #expect(pulled.numbers == [0, 1, 3, 8])
    let expected = try recorded("rows.dtable")
    expectClose(pulled.gradient, rows(pulled.numbers, of: expected), relative: 2e-7)
    let untouched = rows([2, 4, 5, 6, 7], of: expected).elements
    #expect(untouched.allSatisfy { $0 == 0 })
  }

  @Test("cosine similarity and its gradient")
  func similarity() throws {
    let (x, target) = (try recorded("similarity.x"), try recorded("similarity.target"))
    let y = try recorded("similarity.y")
    expectClose(Tensor(cosineSimilarity(x, target: target), shape: y.shape), y, absolute: 2e-7)
    let pulled = cosineSimilarityPullback(try recorded("similarity.dy").elements, x: x, target: target)
    expectClose(pulled, try recorded("similarity.dx"), relative: tolerance)
  }

  @Test("patches as a convolution sees them, and their gradient")
  func cutsPatches() throws {
    let (pixels, kernel) = (try recorded("patches.pixels"), try recorded("patches.weight"))
    let weight = kernel.reshaped([5, 3 * 4 * 4])
    let cut = patches(pixels, size: 4)
    let y = try recorded("patches.y")
    expectClose(linear(cut, weight: weight), y.reshaped([y.rows, y.width]), relative: tolerance)
    let dy = try recorded("patches.dy")
    let pullback = linearPullback(dy.reshaped([y.rows, y.width]), x: cut, weight: weight)
    let dpixels = patchesPullback(pullback.dx, pixelShape: pixels.shape, size: 4)
    expectClose(dpixels, try recorded("patches.dpixels"), relative: tolerance)
    expectClose(pullback.dweight.reshaped(kernel.shape), try recorded("patches.dweight"), relative: tolerance)
  }

  @Test("singular values, and the nearest matrix of rank 3")
  func singularValues() throws {
    let x = try recorded("svd.x")
    let decomposition = try #require(SingularValueDecomposition(x))
    let values = try recorded("svd.values")
    expectClose(Tensor(decomposition.values, shape: values.shape), values, relative: tolerance)
    let factors = decomposition.factors(rank: 3)
    expectClose(matrixProduct(factors.left, factors.right), try recorded("svd.rank3"), relative: 1e-5)
    #expect(SingularValueDecomposition(Tensor([1, .nan, 2, 3], shape: [2, 2])) == nil)
  }

  @Test("the leading singular values of a large matrix are those of all", arguments: [40, 60], [1, 4, 40])
  func leadingSingularValues(rows: Int, rank: Int) throws {
    var random = SplitMix(state: 12)
    let bases = try #require(SingularValueDecomposition(Tensor.random([rows, 45], using: &random)))
    // Singular values that fall by a quarter each time: the ninth behind those asked for is below a tenth of the last.
    let count = min(rows, 45)
    let values = (0..<count).map { Float(pow(0.75, Double($0))) }
    let scaled = Tensor((0..<count * 45).map { values[$0 / 45] * bases.vTransposed.elements[$0] }, shape: [count, 45])
    let x = matrixProduct(bases.u, scaled)
    let whole = try #require(SingularValueDecomposition(x))
    let leading = try #require(SingularValueDecomposition(leading: rank, of: x))
    let kept = min(rank, count)
    // Two power iterations leave (1/10)⁵ of what is beyond; where all are asked for there is only rounding.
    for index in 0..<kept { #expect(abs(leading.values[index] - whole.values[index]) <= 1e-5) }
    let (found, expected) = (leading.factors(rank: rank), whole.factors(rank: rank))
    expectClose(
      matrixProduct(found.left, found.right), matrixProduct(expected.left, expected.right), absolute: 2e-5)
  }

  @Test("threads change nothing", arguments: [1, 2, 3, 7])
  func threads(count: Int) throws {
    try Threads.with(count) {
      let (x, weight) = (try recorded("linear.x"), try recorded("linear.weight"))
      let y = linear(x, weight: weight, bias: try recorded("linear.bias"))
      expectClose(y, try recorded("linear.y"), relative: tolerance)
    }
  }
}
