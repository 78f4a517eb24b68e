/// Where normal random numbers come from: a stream that a seed decides on.
package protocol NormalSource: Sendable {
  /// The next normal numbers of mean 0 and deviation 1, as a tensor of `shape`.
  mutating func normals(_ shape: [Int]) -> Tensor
}
