import Files
import TensorKit

/// How much memory a model may take for speed.
package enum MemoryUse: Hashable, Sendable {
  /// All weights prepared.
  case normal
  /// Weights that the file stores in half precision stay so until their layer's turn comes.
  case low
}

/// Makes layers from the tensors of a scope, their weights prepared as the memory allows.
struct LayerBuilder {
  let scope: TensorScope
  private let memory: MemoryUse
  /// Whether all products are to be of Float32 numbers on every CPU.
  let isExact: Bool

  /// A builder for a whole model.
  init(_ scope: TensorScope, memory: MemoryUse, algorithm: ConvolutionAlgorithm) {
    (self.scope, self.memory, isExact) = (scope, memory, algorithm == .exact)
  }

  /// Two pictures of fewer lines have fewer squares than Winograd's convolution works on at a time.
  private static let fewestLines = 8

  private init(_ name: ByteString, of whole: LayerBuilder) {
    scope = whole.scope.scoped(name)
    (memory, isExact) = (whole.memory, whole.isExact)
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
    if !isExact, SplitConvolution.applies(to: weight.shape, stride: stride, padding: padding) {
      return try kept(part, [weight]) { weight in
        .split(SplitConvolution(weight: weight[0], bias: bias, accumulating: accumulating))
      }
    }
    if !isExact, lines >= Self.fewestLines,
      WinogradConvolution.applies(to: weight.shape, stride: stride, padding: padding)
    {
      return try kept(part, [weight]) { .winograd(WinogradConvolution(weight: $0[0], bias: bias)) }
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
