public import TensorKit

/// A taste as a direction in CLIP's space: the mean of the image features of pictures somebody likes.
///
/// The mean is kept as it comes, since that is what files hold; only its direction is used, so its length may be anything
/// but zero. The features are averaged without being normalised first, as by the published code
/// (https://github.com/vicgalle/stable-diffusion-aesthetic-gradients, scripts/gen_aesthetic_embeddings.py).
public struct Aesthetic: Sendable {
  /// The mean of the features, of any length.
  public let mean: Tensor  // [D]
  /// The mean scaled to length 1.
  public let direction: Tensor  // [D]
  /// The length of the mean.
  public let length: Double
  /// The number of features, which says what family of CLIP models it belongs to.
  public var width: Int { mean.count }

  /// The aesthetic with this mean, `[D]` or `[1, D]`; nil if that has no direction, being zero or not finite.
  public init?(mean: Tensor) {
    let elements = mean.elements
    // In double precision the square of any float is finite and no sum of them is rounded to zero.
    let length = elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    guard length > 0, length.isFinite else { return nil }
    self.length = length
    self.mean = mean.reshaped([mean.count])
    direction = Tensor(elements.map { Float(Double($0) / length) }, shape: [mean.count])
  }

  /// The aesthetic of pictures with these features, one row a picture; nil if their mean has no direction.
  public init?(features: Tensor) {
    precondition(features.shape.count == 2, "features of shape \(features.shape), [n, D] was expected")
    let (count, width) = (features.shape[0], features.shape[1])
    let elements = features.elements
    var sums = [Double](repeating: 0, count: width)
    for row in 0..<count {
      for column in 0..<width { sums[column] += Double(elements[row * width + column]) }
    }
    self.init(mean: Tensor(sums.map { Float($0 / Double(count)) }, shape: [width]))
  }
}
