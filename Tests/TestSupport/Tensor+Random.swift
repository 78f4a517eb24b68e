public import TensorKit

extension Tensor {
  /// Numbers evenly distributed between −1 and 1.
  public static func random(_ shape: [Int], using random: inout SplitMix) -> Tensor {
    Tensor((0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &random) }, shape: shape)
  }
}
