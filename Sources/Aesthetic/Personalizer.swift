package import CLIPKit
package import TensorKit

/// Aesthetic Gradients (Gallego 2022, arXiv 2209.12330): a few steps of Adam on the weights of the text encoder, towards
/// texts whose features point the way of an aesthetic. The loss is −cos(text feature, aesthetic), its mean where there are
/// several texts; the projection to features stays as it is.
package struct Personalizer: Sendable {
  /// What the steps move.
  package enum Mode: Hashable, Sendable {
    /// All weights, as published.
    case exact
    /// Factors of this rank beside the weights of the linear maps (`LowRankAdam`).
    case lowRank(Int)
  }

  /// CLIP's projection of the pooled text to the features' space.
  package let projection: TextProjection
  /// The aesthetic, [features] of length 1.
  package let target: Tensor
  /// The number of steps; 0 leaves the encoder as it is.
  package var steps: Int
  /// Adam's learning rate; it means the same in both modes.
  package var learningRate: Double
  package var mode: Mode
  /// Stops before further steps once the similarity has reached this.
  package var sufficientSimilarity: Float?

  /// The published number of steps and learning rate, unless others are given.
  package init(
    projection: TextProjection, target: Tensor, steps: Int = 20, learningRate: Double = 1e-4,
    mode: Mode = .exact, sufficientSimilarity: Float? = nil
  ) {
    self.projection = projection
    self.target = target
    self.steps = steps
    self.learningRate = learningRate
    self.mode = mode
    self.sufficientSimilarity = sufficientSimilarity
  }

  /// Moves `encoder` towards the aesthetic on `texts`, token ids with start and end. Returns the mean similarity of the
  /// texts before the first and after every step.
  ///
  /// `report` is called with each similarity as it becomes known, the plain encoder's first; what it throws ends the work.
  package func callAsFunction(
    _ encoder: inout TextEncoder, texts: [[Int]], report: (Float) throws -> Void = { _ in }
  ) rethrows -> [Float] {
    switch mode {
    case .exact: try run(Adam(learningRate: learningRate), &encoder, texts, report)
    case .lowRank(let rank): try run(LowRankAdam(learningRate: learningRate, rank: rank), &encoder, texts, report)
    }
  }

  private func run(
    _ updater: consuming some WeightUpdater, _ encoder: inout TextEncoder, _ texts: [[Int]],
    _ report: (Float) throws -> Void
  ) rethrows -> [Float] {
    var similarities: [Float] = []
    for step in 0...steps {
      let (pooled, trace) = encoder.pooledWithTrace(texts)
      let features = projection(pooled)
      let similarity = cosineSimilarity(features, target: target).reduce(0, +) / Float(texts.count)
      similarities.append(similarity)
      try report(similarity)
      if step == steps || similarity >= sufficientSimilarity ?? .infinity { break }
      let dsimilarity = [Float](repeating: -1 / Float(texts.count), count: texts.count)
      let dfeatures = cosineSimilarityPullback(dsimilarity, x: features, target: target)
      updater.beginStep()
      encoder.pullback(linearInputPullback(dfeatures, weight: projection.weight), trace, updater: &updater)
    }
    return similarities
  }
}
