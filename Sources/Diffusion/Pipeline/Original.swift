package import TensorKit

/// A picture that another is made from.
package struct Original: Sendable {
  /// [1, 3, height, width], −1 for black to 1 for white.
  package let values: Tensor
  /// Which share of the steps is made, 0 to 1: 0 leaves the picture as it is.
  package let strength: Double
  /// [1, 1, height, width]: 1 where the picture is made anew, 0 where it stays; nil if it is made anew everywhere.
  package let mask: Tensor?

  package init(values: Tensor, strength: Double, mask: Tensor? = nil) {
    precondition(
      values.shape.count == 4 && values.shape[1] == 3 && (0...1).contains(strength)
        && (mask == nil || mask?.shape == [1, 1] + values.shape.dropFirst(2)), "a picture of \(values.shape)")
    (self.values, self.strength, self.mask) = (values, strength, mask)
  }

  /// The picture with mid-grey where it is made anew.
  var masked: Tensor {
    guard let mask = mask?.elements else { return Tensor(zeros: values.shape) }
    let elements = values.elements.enumerated().map { $1 * (1 - mask[$0 % mask.count]) }
    return Tensor(elements, shape: values.shape)
  }

  /// The mask of the latents, each of which stands for a square of `side` pixels: that of its first pixel.
  func latentMask(side: Int) -> Tensor {
    let (height, width) = (values.shape[2], values.shape[3])
    let shape = [1, 1, height / side, width / side]
    guard let mask = mask?.elements else {
      return Tensor([Float](repeating: 1, count: shape[2] * shape[3]), shape: shape)
    }
    let elements = (0..<shape[2]).flatMap { line in
      (0..<shape[3]).map { mask[line * side * width + $0 * side] }
    }
    return Tensor(elements, shape: shape)
  }
}
