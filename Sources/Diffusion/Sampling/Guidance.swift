package import TensorKit

/// What the network is told while a picture is made, step by step.
package struct Guidance: Sendable {
  /// A conditioning, and how much the answer to it counts.
  package struct Part: Sendable {
    /// [tokens, width].
    package let conditioning: Tensor
    package let weight: Double

    package init(_ conditioning: Tensor, weight: Double = 1) {
      (self.conditioning, self.weight) = (conditioning, weight)
    }
  }

  /// What it is told at one step: parts whose answers are added up (Liu et al. 2022, arXiv 2206.01714, equation 11), and the
  /// conditioning that they lead away from. All have equally many tokens.
  package struct Moment: Sendable {
    package let parts: [Part]
    /// [tokens, width].
    package let negative: Tensor

    package init(_ parts: [Part], negative: Tensor) {
      precondition(
        !parts.isEmpty && parts.allSatisfy { $0.conditioning.shape == negative.shape }, "conditionings of unlike shapes"
      )
      (self.parts, self.negative) = (parts, negative)
    }
  }

  /// Each different moment once.
  let moments: [Moment]
  /// The number of every step's moment; the last holds for all further steps.
  let order: [Int]
  let scale: Double

  /// The moments in the `order` of the steps, with this guidance scale, 1 or more.
  package init(_ moments: [Moment], order: [Int], scale: Double) {
    precondition(!order.isEmpty && order.allSatisfy { moments.indices.contains($0) }, "an order of no moments")
    precondition(
      moments.allSatisfy { $0.negative.width == moments[0].negative.width }, "conditionings of unlike widths")
    (self.moments, self.order, self.scale) = (moments, order, scale)
  }

  /// The same at all steps. Conditionings [tokens, width].
  package init(positive: Tensor, negative: Tensor, scale: Double) {
    self.init([Moment([Part(positive)], negative: negative)], order: [0], scale: scale)
  }

  /// The width of the conditionings.
  package var width: Int { moments[0].negative.width }
}
