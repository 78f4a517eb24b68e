import Files
import TensorKit

/// How much memory a model may take for speed.
package enum MemoryUse: Hashable, Sendable {
  /// All weights prepared; Winograd's transforms of a network's within 3 GiB.
  case normal
  /// Weights that the file stores in half precision stay so until their layer's turn comes; transforms within 0.5 GiB.
  case low

  var winogradBytes: Int { self == .normal ? 3 << 30 : 1 << 29 }
}

/// Makes layers from the tensors of a scope, their weights prepared as the memory allows.
struct LayerBuilder {
  let scope: TensorScope
  private let memory: MemoryUse
  private let winograd: Set<ByteString>
  /// Whether all products are to be of Float32 numbers on every CPU.
  let isExact: Bool
  /// What stands before the names, with its dot: the place in the whole model.
  private let place: ByteString

  /// A builder for a whole model, given the lines of the picture that each convolution works on. On a CPU without a matrix
  /// unit Winograd's algorithm is used where it saves most for its memory, which is where pictures are large.
  init(_ scope: TensorScope, memory: MemoryUse, algorithm: ConvolutionAlgorithm, lines: (ByteString) -> Int) {
    (self.scope, self.memory, isExact, place) = (scope, memory, algorithm == .exact, "")
    var left = memory.winogradBytes
    var chosen: Set<ByteString> = []
    let candidates = scope.names.filter { $0.hasSuffix(".weight") && !$0.hasSuffix("downsamplers.0.conv.weight") }
      .map { (name: $0, lines: lines($0)) }.sorted { ($1.lines, $0.name) < ($0.lines, $1.name) }
    for (name, lines) in candidates where algorithm == .fastest && lines >= Self.fewestLines {
      guard let shape = scope.shape(name), !SplitConvolution.applies(to: shape, stride: 1, padding: .all(1)),
        let bytes = Convolution.winogradBytes(weight: shape, stride: 1),
        bytes <= left
      else { continue }
      left -= bytes
      chosen.insert(name)
    }
    winograd = chosen
  }

  /// On fewer lines reading the transformed weights takes longer than the products that they save.
  private static let fewestLines = 12

  private init(_ name: ByteString, of whole: LayerBuilder) {
    scope = whole.scope.scoped(name)
    (memory, winograd, isExact, place) = (whole.memory, whole.winograd, whole.isExact, whole.place + name + ".")
  }

  /// A builder for the part called `name`.
  func scoped(_ name: String) -> LayerBuilder { LayerBuilder(ByteString(name), of: self) }

  /// The 3×3 convolution called `name`, for pictures of about so many lines.
  func convolution(
    _ name: String, inputs: Int, outputs: Int, stride: Int = 1, padding: Padding = .all(1), lines: Int,
    accumulating: Bool = false
  ) throws(FileError) -> Kept<Convolution> {
    let part = scope.scoped(ByteString(name))
    let bias = try part.tensor("bias", shape: [outputs])
    let weight = try part.tensor("weight", shape: [outputs, inputs, 3, 3])
    if winograd.contains(place + ByteString(name) + ".weight") {
      return .prepared(.winograd(WinogradConvolution(weight: weight, bias: bias)))
    }
    if !isExact, SplitConvolution.applies(to: weight.shape, stride: stride, padding: padding) {
      return try kept(part, [weight]) { weight in
        SplitConvolution(weight: weight[0], bias: bias, accumulating: accumulating).map { .split($0) }
      }
    }
    return try kept(part, [weight]) { weight in
      DirectConvolution(
        weight: weight[0], bias: bias, stride: stride, padding: padding, height: lines, width: lines,
        accumulating: accumulating
      ).map { .direct($0) }
    }
  }

  /// The linear map called `name`, or several with the same input side by side; kernels of 1×1 are such maps as well.
  func linear(
    _ names: String..., inputs: Int, outputs: Int, rows: Int, hasBias: Bool = true, accumulating: Bool = false
  ) throws(FileError) -> Kept<PackedLinear> {
    var weights: [Tensor] = []
    var biases: [Tensor] = []
    for name in names {
      let part = scope.scoped(ByteString(name))
      let isKernel = part.shape("weight")?.count == 4
      weights.append(
        try part.tensor("weight", shape: [outputs, inputs] + (isKernel ? [1, 1] : [])).reshaped([outputs, inputs]))
      if hasBias { biases.append(try part.tensor("bias", shape: [outputs])) }
    }
    let bias = hasBias ? Tensor.concatenated(biases) : nil
    return try kept(scope.scoped(ByteString(names[0])), weights) { [isExact] weights in
      PackedLinear(
        weight: weights.count == 1 ? weights[0] : Tensor.concatenated(weights), bias: bias, rows: rows,
        accumulating: accumulating, exactly: isExact)
    }
  }

  func groupNorm(_ name: String, channels: Int, groups: Int, epsilon: Float) throws(FileError) -> GroupNorm {
    try GroupNorm(from: scope.scoped(ByteString(name)), channels: channels, groups: groups, epsilon: epsilon)
  }

  private func kept<Operation>(
    _ part: TensorScope, _ weights: [Tensor], _ prepare: @escaping @Sendable ([Tensor]) -> Operation?
  ) throws(FileError) -> Kept<Operation> {
    if memory == .low, part.elementType("weight") == .float16 {
      return .stored(weights.map { HalfTensor(rounding: $0) }, prepare)
    }
    guard let operation = prepare(weights) else { throw part.error("there is no memory to prepare its weights") }
    return .prepared(operation)
  }
}

/// Which algorithms convolutions, linear maps and attention may use.
package enum ConvolutionAlgorithm: Hashable, Sendable {
  /// On a CPU with a matrix unit, that; elsewhere Winograd's where it is faster and its weights fit into memory, and the
  /// direct one.
  case fastest
  /// Always the direct one, and products of Float32: rounding errors are those of plain sums.
  case exact
}

/// An operation, or what it is made from whenever it is needed.
enum Kept<Operation: Sendable>: Sendable {
  case prepared(Operation)
  case stored([HalfTensor], @Sendable ([Tensor]) -> Operation?)

  /// The operation, ready.
  func callAsFunction() -> Operation {
    switch self {
    case .prepared(let operation): return operation
    case .stored(let weights, let prepare):
      guard let operation = prepare(weights.map { $0.widened() }) else {
        preconditionFailure("no memory to prepare weights that were loaded before")
      }
      return operation
    }
  }
}
