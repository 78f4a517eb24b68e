package import Files
package import SystemPackage
package import TensorKit

extension TextEncoder {
  /// Adds what `adapter` does to the text encoder, times `weight`: W + weight · Δ. `model` is the encoder's file, for
  /// errors.
  ///
  /// The encoder is then another one, to which no delta of the first belongs: deltas come before.
  package mutating func add(_ adapter: Adapter, weight: Float, model: FilePath) throws(FileError) {
    let parameters = parameters
    let targets = parameters.map { (name: $0.name, shape: shape(of: $0)) }
    var copy = self
    try adapter.forEachDifference(of: .text, to: targets, weight: weight, model: model) { index, difference in
      copy.add(1, times: difference, to: parameters[index])
    }
    self = copy
  }

  /// Adds embeddings of new tokens, vectors [n, width], and returns their ids. What is learned stays what it is: the
  /// encoder pools where it did.
  package mutating func addTokens(_ vectors: Tensor) -> Range<Int> {
    precondition(
      vectors.width == configuration.width, "vectors of \(vectors.shape) for a width of \(configuration.width)")
    let first = configuration.vocabularySize
    // Where no token is named, the highest of those it was trained with is the end of text.
    configuration.endOfText = configuration.endOfText ?? first - 1
    configuration.vocabularySize += vectors.rows
    tokenTable = Tensor.concatenated([tokenTable, vectors])
    return first..<configuration.vocabularySize
  }
}
