package import Files
package import TensorKit

/// CLIP's text encoder (Radford et al. 2021, arXiv 2103.00020, section 2.4): a causal transformer over token and position
/// embeddings, with a final layer norm. Its weights stay as stored, so that they can be changed.
package struct TextEncoder: Sendable {
  package internal(set) var configuration: TextConfiguration
  /// [vocabulary, width].
  package var tokenTable: Tensor
  /// [positions, width].
  package var positionTable: Tensor
  package var layers: [TextLayer]
  package var finalNorm: LayerNorm

  /// Reads the encoder whose tensors stand in `scope` as `embeddings.…`, `encoder.layers.…` and `final_layer_norm.…`.
  package init(from scope: TensorScope, _ configuration: TextConfiguration) throws(FileError) {
    self.configuration = configuration
    let width = configuration.width
    let embeddings = scope.scoped("embeddings")
    tokenTable = try embeddings.tensor("token_embedding.weight", shape: [configuration.vocabularySize, width])
    positionTable = try embeddings.tensor("position_embedding.weight", shape: [configuration.positionCount, width])
    var layers: [TextLayer] = []
    for index in 0..<configuration.layerCount {
      layers.append(try TextLayer(from: scope.scoped("encoder.layers.\(index)"), configuration))
    }
    self.layers = layers
    finalNorm = try LayerNorm(
      from: scope.scoped("final_layer_norm"), width: width, epsilon: configuration.layerNormEpsilon)
  }

  /// What the picture model is conditioned on: tokens `ids`, [n][t], to [n, t, width].
  ///
  /// A `clipSkip` of 1 takes the last layer's output, 2 the last but one's, and so on; the final layer norm follows in
  /// each case, as in A1111 and NovelAI (diffusers counts from 0).
  package func conditioning(_ ids: [[Int]], clipSkip: Int = 1) -> Tensor {
    precondition((1...layers.count).contains(clipSkip), "a clip skip of \(clipSkip) with \(layers.count) layers")
    var x = embedded(ids)
    for layer in layers.dropLast(clipSkip - 1) { x = layer(x, lengths: ids.map(\.count)) }
    return finalNorm(x).reshaped([ids.count, ids[0].count, configuration.width])
  }

  /// The last layer's output at each text's first end-of-text token: `ids` [n][t] to [n, width].
  ///
  /// Attention is causal, so nothing behind that token takes part, and nothing behind the last one is computed.
  package func pooled(_ ids: [[Int]]) -> Tensor {
    let ends = ids.map { configuration.poolingPosition(in: $0) }
    let length = (ends.max() ?? 0) + 1
    let states = conditioning(ids.map { Array($0.prefix(length)) })
    return rows(ends.enumerated().map { $0 * length + $1 }, of: states.reshaped([ids.count * length, states.width]))
  }

  /// Token and position embeddings added up: `ids` [n][t] to [n · t, width].
  package func embedded(_ ids: [[Int]]) -> Tensor {
    let length = ids.first?.count ?? 0
    precondition(
      ids.allSatisfy { $0.count == length } && length <= configuration.positionCount, "texts of unlike length")
    let positions = ids.flatMap { $0.indices.map { $0 } }
    return rows(ids.flatMap { $0 }, of: tokenTable) + rows(positions, of: positionTable)
  }
}

/// One layer of the text encoder: attention and a two-layer perceptron, each behind a layer norm and added to its input.
package struct TextLayer: Sendable {
  package var attentionNorm: LayerNorm
  /// Queries, keys and values side by side, [3 · width, width].
  package var queriesKeysValues: Linear
  package var attentionOutput: Linear
  package var perceptronNorm: LayerNorm
  package var perceptronInput: Linear
  package var perceptronOutput: Linear
  package let activation: Activation
  package let heads: Int

  init(from scope: TensorScope, _ configuration: TextConfiguration) throws(FileError) {
    let width = configuration.width
    let attention = scope.scoped("self_attn")
    attentionNorm = try LayerNorm(
      from: scope.scoped("layer_norm1"), width: width, epsilon: configuration.layerNormEpsilon)
    var parts: [Linear] = []
    for name in ["q_proj", "k_proj", "v_proj"] as [ByteString] {
      parts.append(try Linear(from: attention.scoped(name), inputs: width, outputs: width))
    }
    queriesKeysValues = Linear(sideBySide: parts)
    attentionOutput = try Linear(from: attention.scoped("out_proj"), inputs: width, outputs: width)
    perceptronNorm = try LayerNorm(
      from: scope.scoped("layer_norm2"), width: width, epsilon: configuration.layerNormEpsilon)
    let perceptron = scope.scoped("mlp")
    perceptronInput = try Linear(
      from: perceptron.scoped("fc1"), inputs: width, outputs: configuration.innerWidth)
    perceptronOutput = try Linear(
      from: perceptron.scoped("fc2"), inputs: configuration.innerWidth, outputs: width)
    activation = configuration.activation
    heads = configuration.headCount
  }

  /// x [tokens, width], sequences of these lengths one behind the other, to the same shape.
  package func callAsFunction(_ x: Tensor, lengths: [Int]) -> Tensor {
    let attention = Attention(heads: heads, lengths: lengths, isCausal: true)
    let attended = x + attentionOutput(attention(queriesKeysValues(attentionNorm(x))))
    return attended + perceptronOutput(activation(perceptronInput(perceptronNorm(attended))))
  }
}

extension TextConfiguration {
  /// The position whose output stands for the whole text: the first end-of-text token, or the highest id's first place
  /// where the configuration does not name one (old files name a wrong one).
  package func poolingPosition(in ids: [Int]) -> Int {
    (endOfText ?? ids.max()).flatMap { ids.firstIndex(of: $0) } ?? 0
  }
}
