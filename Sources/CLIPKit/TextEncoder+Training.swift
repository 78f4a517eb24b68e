package import TensorKit

/// What a forward pass through the text encoder keeps for the way back.
package struct TextTrace: Sendable {
  fileprivate let tokens: [Int]
  fileprivate let positions: [Int]
  fileprivate let lengths: [Int]
  fileprivate let layers: [LayerTrace]
  /// The rows of the last layer's output that were pooled, [n, width].
  fileprivate let pooledInput: Tensor
  fileprivate let pooledRows: [Int]
}

/// What a layer keeps: its input, and the inputs of its maps and nonlinearities, in the order of the forward pass.
private struct LayerTrace: Sendable {
  let input: Tensor
  let attentionNormed: Tensor
  let queriesKeysValues: Tensor
  let attended: Tensor
  let middle: Tensor
  let perceptronNormed: Tensor
  let inner: Tensor
  let activated: Tensor
}

extension TextEncoder {
  /// `pooled`, with what its pullback needs. Texts keep only what stands up to their pooling position: attention is
  /// causal, so nothing behind it takes part in the result or its gradient.
  package func pooledWithTrace(_ ids: [[Int]]) -> (pooled: Tensor, trace: TextTrace) {
    let texts = ids.map { Array($0.prefix(configuration.poolingPosition(in: $0) + 1)) }
    let tokens = texts.flatMap { $0 }
    let positions = texts.flatMap { Array($0.indices) }
    let lengths = texts.map(\.count)
    var x = rows(tokens, of: tokenTable) + rows(positions, of: positionTable)
    var traces: [LayerTrace] = []
    for layer in layers {
      let (output, trace) = layer.withTrace(x, lengths: lengths)
      traces.append(trace)
      x = output
    }
    var end = -1
    let pooledRows = lengths.map { length in
      end += length
      return end
    }
    let pooledInput = rows(pooledRows, of: x)
    let trace = TextTrace(
      tokens: tokens, positions: positions, lengths: lengths, layers: traces, pooledInput: pooledInput,
      pooledRows: pooledRows)
    return (finalNorm(pooledInput), trace)
  }

  /// The pullback of `pooled`: dpooled [n, width] through all layers; every parameter goes to the updater once.
  package mutating func pullback(_ dpooled: Tensor, _ trace: TextTrace, updater: inout some WeightUpdater) {
    let norm = updater.pullback(dpooled, x: trace.pooledInput, through: &finalNorm, key: ParameterKey.finalNorm)
    var dx = Tensor(zeros: [trace.tokens.count, configuration.width])
    dx.add(norm, toRows: trace.pooledRows)
    for index in layers.indices.reversed() {
      dx = layers[index].pullback(
        dx, trace.layers[index], lengths: trace.lengths, updater: &updater, key: ParameterKey.layer(index))
    }
    updater.update(&tokenTable, rows: trace.tokens, dy: dx, key: ParameterKey.tokenTable)
    updater.update(&positionTable, rows: trace.positions, dy: dx, key: ParameterKey.positionTable)
  }
}

/// Numbers for the text encoder's parameters. A map takes two (weight and bias), and so does a norm.
package enum ParameterKey {
  static let tokenTable = 0
  static let positionTable = 1
  static let finalNorm = 2
  static let attentionNorm = 0
  static let queriesKeysValues = 2
  static let attentionOutput = 4
  static let perceptronNorm = 6
  static let perceptronInput = 8
  static let perceptronOutput = 10
  static func layer(_ index: Int) -> Int { 4 + 12 * index }
}

extension TextLayer {
  fileprivate func withTrace(_ x: Tensor, lengths: [Int]) -> (output: Tensor, trace: LayerTrace) {
    let attentionNormed = attentionNorm(x)
    let mapped = queriesKeysValues(attentionNormed)
    let attended = Attention(heads: heads, lengths: lengths, isCausal: true)(mapped)
    let middle = x + attentionOutput(attended)
    let perceptronNormed = perceptronNorm(middle)
    let inner = perceptronInput(perceptronNormed)
    let activated = activation(inner)
    let trace = LayerTrace(
      input: x, attentionNormed: attentionNormed, queriesKeysValues: mapped, attended: attended, middle: middle,
      perceptronNormed: perceptronNormed, inner: inner, activated: activated)
    return (middle + perceptronOutput(activated), trace)
  }

  /// The forward was middle = x + out(attention(qkv(norm1(x)))) and y = middle + fc2(activation(fc1(norm2(middle)))).
  fileprivate mutating func pullback(
    _ dy: Tensor, _ trace: LayerTrace, lengths: [Int], updater: inout some WeightUpdater, key: Int
  ) -> Tensor {
    let dactivated = updater.pullback(
      dy, x: trace.activated, through: &perceptronOutput, key: key + ParameterKey.perceptronOutput)
    let dinner = activation.pullback(dactivated, x: trace.inner)
    let dperceptronNormed = updater.pullback(
      dinner, x: trace.perceptronNormed, through: &perceptronInput, key: key + ParameterKey.perceptronInput)
    let dmiddle =
      dy
      + updater.pullback(
        dperceptronNormed, x: trace.middle, through: &perceptronNorm, key: key + ParameterKey.perceptronNorm)
    let dattended = updater.pullback(
      dmiddle, x: trace.attended, through: &attentionOutput, key: key + ParameterKey.attentionOutput)
    let dmapped = Attention(heads: heads, lengths: lengths, isCausal: true).pullback(
      dattended, queriesKeysValues: trace.queriesKeysValues)
    let dattentionNormed = updater.pullback(
      dmapped, x: trace.attentionNormed, through: &queriesKeysValues, key: key + ParameterKey.queriesKeysValues)
    return dmiddle
      + updater.pullback(
        dattentionNormed, x: trace.input, through: &attentionNorm, key: key + ParameterKey.attentionNorm)
  }
}
