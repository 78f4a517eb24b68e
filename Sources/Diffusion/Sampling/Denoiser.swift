package import TensorKit

/// The network with what it is told: what samplers ask.
///
/// With a guidance scale above 1 it is asked for all conditionings at once, and the answer is moved away from the
/// negative one (Ho and Salimans 2022, arXiv 2207.12598, equation 6): negative + scale · Σ weight · (part − negative).
package struct Denoiser: Sendable {
  private let network: UNet
  private let moments: [Moment]
  private let order: [Int]
  /// What a network for inpainting sees besides the latents.
  private let masked: Tensor?

  private struct Moment {
    let context: UNet.Context
    /// How much each answer counts, in the order of the batch: the negative one first where there is guidance.
    let weights: [Double]
  }

  /// For networks with nine input channels `mask` [1, 1, height, width], 1 where the picture is made anew, and
  /// `maskedLatents` [1, 4, height, width] of the picture without that part.
  package init(_ network: UNet, _ guidance: Guidance, mask: Tensor? = nil, maskedLatents: Tensor? = nil) {
    (self.network, order) = (network, guidance.order)
    moments = guidance.moments.map { moment in
      let factors = moment.parts.map { guidance.scale * $0.weight }
      // One part without guidance needs no second answer.
      let isGuided = factors != [1]
      let negative = isGuided ? [moment.negative] : []
      let batch = negative + moment.parts.map(\.conditioning)
      return Moment(
        context: network.context(Tensor.concatenated(batch.map { $0.reshaped([1] + $0.shape) })),
        weights: (isGuided ? [1 - factors.reduce(0, +)] : []) + factors)
    }
    if let mask, let maskedLatents { masked = channelsJoined(mask, maskedLatents) } else { masked = nil }
    precondition(
      network.configuration.inputChannels == network.configuration.outputChannels + (masked?.shape[1] ?? 0),
      "a network with \(network.configuration.inputChannels) input channels")
  }

  /// What the network says of latents [1, 4, height, width] at a time, in the given one of the steps, from 0.
  package func callAsFunction(_ latents: Tensor, time: Float, step: Int = 0) -> Tensor {
    let moment = moments[order[min(step, order.count - 1)]]
    let input = masked.map { channelsJoined(latents, $0) } ?? latents
    let answers = network(input, time: time, context: moment.context)
    guard moment.weights.count > 1 else { return answers }
    let length = answers.count / moment.weights.count
    let shape = [1] + Array(answers.shape.dropFirst())
    var sum = Tensor(zeros: shape)
    for (place, weight) in moment.weights.enumerated() {
      sum.add(Float(weight), times: answers.elements(place * length..<(place + 1) * length, shape: shape))
    }
    return sum
  }
}

/// The channels of both, those of `left` first: [1, a, height, width] and [1, b, height, width].
private func channelsJoined(_ left: Tensor, _ right: Tensor) -> Tensor {
  let planes = [left, right].map { $0.reshaped(Array($0.shape.dropFirst())) }
  return Tensor.concatenated(planes).reshaped([1, left.shape[1] + right.shape[1]] + left.shape.dropFirst(2))
}
