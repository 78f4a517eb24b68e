package import Files
package import TensorKit

/// CLIP's image encoder, a vision transformer (Dosovitskiy et al. 2020, arXiv 2010.11929; Radford et al. 2021, arXiv
/// 2103.00020, section 2.4), for inference: its weights are read straight into the order that suits the CPU.
package struct ImageEncoder: Sendable {
  package let configuration: VisionConfiguration
  private let patchMap: PackedLinear
  /// [1, width].
  private let classEmbedding: Tensor
  /// [1 + patches, width].
  private let positionTable: Tensor
  private let firstNorm: LayerNorm
  private let layers: [ImageLayer]
  private let lastNorm: LayerNorm

  /// Reads the encoder whose tensors stand in `scope` as `embeddings.…`, `pre_layrnorm.…` (sic), `encoder.layers.…` and
  /// `post_layernorm.…`. With `exactly`, products are of Float32 on every CPU.
  package init(
    from scope: TensorScope, _ configuration: VisionConfiguration, exactly: Bool = false
  ) throws(FileError) {
    self.configuration = configuration
    let width = configuration.width
    let (channels, size) = (3, configuration.patchSize)
    let embeddings = scope.scoped("embeddings")
    let kernel = try embeddings.tensor("patch_embedding.weight", shape: [width, channels, size, size])
    patchMap = try scope.packed(
      weight: kernel.reshaped([width, channels * size * size]), bias: nil, rows: configuration.positionCount,
      exactly: exactly)
    classEmbedding = try embeddings.tensor("class_embedding", shape: [width]).reshaped([1, width])
    positionTable = try embeddings.tensor("position_embedding.weight", shape: [configuration.positionCount, width])
    firstNorm = try LayerNorm(
      from: scope.scoped("pre_layrnorm"), width: width, epsilon: configuration.layerNormEpsilon)
    var layers: [ImageLayer] = []
    for index in 0..<configuration.layerCount {
      layers.append(try ImageLayer(from: scope.scoped("encoder.layers.\(index)"), configuration, exactly: exactly))
    }
    self.layers = layers
    lastNorm = try LayerNorm(
      from: scope.scoped("post_layernorm"), width: width, epsilon: configuration.layerNormEpsilon)
  }

  /// The class token's output behind the last norm: pixels [n, 3, side, side] to [n, width].
  package func pooled(_ pixels: Tensor) -> Tensor {
    let side = configuration.imageSize
    precondition(pixels.shape.dropFirst() == [3, side, side], "pictures of \(pixels.shape)")
    let count = pixels.shape[0]
    let picture = pixels.count / max(1, count)
    // Whole pictures side by side: each thread goes through all layers with its own, and waits for no other.
    return unsafe Tensor(shape: [count, configuration.width], piecesPerThread: 1) { range, output in
      let part = unsafe Tensor(uninitialized: [range.count] + pixels.shape.dropFirst()) { part in
        unsafe pixels.withUnsafeElements { pixels in
          _ = unsafe part.update(fromContentsOf: pixels[range.lowerBound * picture..<range.upperBound * picture])
        }
      }
      unsafe encode(part).withUnsafeElements { _ = unsafe output.update(fromContentsOf: $0) }
    }
  }

  private func encode(_ pixels: Tensor) -> Tensor {
    let count = pixels.shape[0]
    let tokens = configuration.positionCount
    let mapped = patchMap(patches(pixels, size: configuration.patchSize))  // [n · patches, width]
    let embedded = Tensor.concatenated(
      (0..<count).map { picture in
        Tensor.concatenated([classEmbedding, mapped.rows(picture * (tokens - 1)..<(picture + 1) * (tokens - 1))])
          + positionTable
      })
    var x = firstNorm(embedded)  // [n · tokens, width]
    let lengths = Array(repeating: tokens, count: count)
    for layer in layers.dropLast() { layer.apply(to: &x, lengths: lengths) }
    let classRows = (0..<count).map { $0 * tokens }
    let last = layers.last?.classTokens(x, lengths: lengths, rows: classRows) ?? rows(classRows, of: x)
    return lastNorm(last)
  }
}

/// One layer of the image encoder, its weights prepared.
private struct ImageLayer: Sendable {
  let attentionNorm: LayerNorm
  let queriesKeysValues: PackedLinear
  let attentionOutput: PackedLinear
  let perceptronNorm: LayerNorm
  let perceptronInput: PackedLinear
  let perceptronOutput: PackedLinear
  let heads: Int

  init(from scope: TensorScope, _ configuration: VisionConfiguration, exactly: Bool) throws(FileError) {
    let (width, inner, tokens) = (configuration.width, configuration.innerWidth, configuration.positionCount)
    let (attention, perceptron) = (scope.scoped("self_attn"), scope.scoped("mlp"))
    attentionNorm = try LayerNorm(
      from: scope.scoped("layer_norm1"), width: width, epsilon: configuration.layerNormEpsilon)
    var parts: [Linear] = []
    for name in ["q_proj", "k_proj", "v_proj"] as [ByteString] {
      parts.append(try Linear(from: attention.scoped(name), inputs: width, outputs: width))
    }
    queriesKeysValues = try scope.packed(Linear(sideBySide: parts), rows: tokens, exactly: exactly)
    attentionOutput = try scope.packed(
      Linear(from: attention.scoped("out_proj"), inputs: width, outputs: width), rows: tokens, accumulating: true,
      exactly: exactly)
    perceptronNorm = try LayerNorm(
      from: scope.scoped("layer_norm2"), width: width, epsilon: configuration.layerNormEpsilon)
    perceptronInput = try scope.packed(
      Linear(from: perceptron.scoped("fc1"), inputs: width, outputs: inner), rows: tokens,
      activation: configuration.activation, exactly: exactly)
    perceptronOutput = try scope.packed(
      Linear(from: perceptron.scoped("fc2"), inputs: inner, outputs: width), rows: tokens, accumulating: true,
      exactly: exactly)
    heads = configuration.headCount
  }

  /// x [n · tokens, width] becomes the layer's output.
  func apply(to x: inout Tensor, lengths: [Int]) {
    let attention = Attention(heads: heads, lengths: lengths, isCausal: false)
    attentionOutput.add(attention(queriesKeysValues(attentionNorm(x))), to: &x)
    perceptronOutput.add(perceptronInput(perceptronNorm(x)), to: &x)
  }

  /// The layer's output in `classRows` only: nothing else of the last layer is used.
  func classTokens(_ x: Tensor, lengths: [Int], rows classRows: [Int]) -> Tensor {
    let attention = Attention(heads: heads, lengths: lengths, isCausal: false)
    let attended = attention(queriesKeysValues(attentionNorm(x)))
    var result = rows(classRows, of: x)
    attentionOutput.add(rows(classRows, of: attended), to: &result)
    perceptronOutput.add(perceptronInput(perceptronNorm(result)), to: &result)
    return result
  }
}

extension TensorScope {
  fileprivate func packed(
    _ linear: Linear, rows: Int, activation: Activation? = nil, accumulating: Bool = false, exactly: Bool
  ) throws(FileError) -> PackedLinear {
    try packed(
      weight: linear.weight, bias: linear.bias, rows: rows, activation: activation, accumulating: accumulating,
      exactly: exactly)
  }

  fileprivate func packed(
    weight: Tensor, bias: Tensor?, rows: Int, activation: Activation? = nil, accumulating: Bool = false, exactly: Bool
  ) throws(FileError) -> PackedLinear {
    guard
      let packed = PackedLinear(
        weight: weight, bias: bias, rows: rows, activation: activation, accumulating: accumulating,
        exactly: exactly)
    else { throw error("there is no memory for its weights") }
    return packed
  }
}
