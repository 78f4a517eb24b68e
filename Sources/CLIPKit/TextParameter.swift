package import Files
package import TensorKit

/// One of the text encoder's parameters under the name that transformers gives it.
///
/// Queries, keys and values, which the encoder keeps side by side, are three of them each.
package struct TextParameter {
  /// What a parameter is in the network.
  package enum Kind: Hashable, Sendable {
    /// Rows that are looked up by number.
    case table
    /// The weight of a linear map.
    case matrix
    /// A bias, or a layer norm's scale.
    case vector
  }

  /// The name, beginning with `text_model.`.
  package let name: ByteString
  package let kind: Kind
  fileprivate let path: WritableKeyPath<TextEncoder, Tensor>
  /// The linear map whose weight it is.
  fileprivate let map: KeyPath<TextEncoder, Linear>?
  /// Which third of the stored tensor it is, where it is one.
  fileprivate let third: Int?

  fileprivate init(
    _ name: ByteString, _ kind: Kind, _ path: WritableKeyPath<TextEncoder, Tensor>,
    of map: KeyPath<TextEncoder, Linear>? = nil, third: Int? = nil
  ) {
    self.name = "text_model." + name
    self.kind = kind
    self.path = path
    self.map = map
    self.third = third
  }

  /// The elements of `tensor`, which holds it, that are its own.
  fileprivate func range(in tensor: Tensor) -> Range<Int> {
    let length = tensor.count / (third == nil ? 1 : 3)
    let start = (third ?? 0) * length
    return start..<start + length
  }
}

extension TextEncoder {
  /// All parameters, in the order in which a text passes them.
  package var parameters: [TextParameter] {
    var all = [
      TextParameter("embeddings.token_embedding.weight", .table, \.tokenTable),
      TextParameter("embeddings.position_embedding.weight", .table, \.positionTable),
    ]
    for index in layers.indices {
      let layer: ByteString = "encoder.layers.\(index)."
      all += Self.map(layer + "self_attn.out_proj", \.layers[index].attentionOutput)
      all += Self.norm(layer + "layer_norm1", \.layers[index].attentionNorm)
      all += Self.norm(layer + "layer_norm2", \.layers[index].perceptronNorm)
      all += Self.map(layer + "mlp.fc1", \.layers[index].perceptronInput)
      all += Self.map(layer + "mlp.fc2", \.layers[index].perceptronOutput)
      for (third, name) in (["q_proj", "k_proj", "v_proj"] as [ByteString]).enumerated() {
        all += Self.map(layer + "self_attn." + name, \.layers[index].queriesKeysValues, third: third)
      }
    }
    return all + Self.norm("final_layer_norm", \.finalNorm)
  }

  private static func map(
    _ name: ByteString, _ path: WritableKeyPath<TextEncoder, Linear>, third: Int? = nil
  ) -> [TextParameter] {
    [
      TextParameter(name + ".weight", .matrix, path.appending(path: \.weight), of: path, third: third),
      TextParameter(name + ".bias", .vector, path.appending(path: \.bias), third: third),
    ]
  }

  private static func norm(_ name: ByteString, _ path: WritableKeyPath<TextEncoder, LayerNorm>) -> [TextParameter] {
    [
      TextParameter(name + ".weight", .vector, path.appending(path: \.scale)),
      TextParameter(name + ".bias", .vector, path.appending(path: \.bias)),
    ]
  }

  /// The shape of `parameter`. Reads nothing.
  package func shape(of parameter: TextParameter) -> [Int] {
    let shape = self[keyPath: parameter.path].shape
    return parameter.third == nil ? shape : [shape[0] / 3] + shape.dropFirst()
  }

  /// Where the elements of `parameter` stand: a tensor that holds them, and which of its elements they are.
  package func place(of parameter: TextParameter) -> (tensor: Tensor, range: Range<Int>) {
    let tensor = self[keyPath: parameter.path]
    return (tensor, parameter.range(in: tensor))
  }

  /// The value of `parameter`.
  package subscript(parameter: TextParameter) -> Tensor {
    let (tensor, range) = place(of: parameter)
    return parameter.third == nil ? tensor : tensor.elements(range, shape: shape(of: parameter))
  }

  /// What stands beside `parameter`, the weight of a linear map, as a change of low rank; nil where nothing does.
  package func term(of parameter: TextParameter) -> LowRankTerm? {
    guard let map = parameter.map, let term = self[keyPath: map].term else { return nil }
    let rows = parameter.third.map { term.up.rows / 3 * $0..<term.up.rows / 3 * ($0 + 1) }
    return LowRankTerm(up: rows.map { term.up.rows($0) } ?? term.up, down: term.down)
  }

  /// Adds `factor` · `difference` to `parameter`.
  package mutating func add(_ factor: Float, times difference: Tensor, to parameter: TextParameter) {
    precondition(difference.shape == shape(of: parameter), "a difference of shape \(difference.shape)")
    let offset = parameter.range(in: self[keyPath: parameter.path]).lowerBound
    self[keyPath: parameter.path].add(factor, times: difference, at: offset)
  }

  /// Adds `factor` · `differences` to the rows of `parameter`, a table, with these numbers, each of which comes once.
  package mutating func add(
    _ factor: Float, times differences: Tensor, toRows numbers: [Int], of parameter: TextParameter
  ) {
    precondition(parameter.kind == .table, "\(parameter.name) has no rows to look up")
    self[keyPath: parameter.path].add(factor * differences, toRows: numbers)
  }
}
