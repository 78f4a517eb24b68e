package import TensorKit

/// The network with its conditioning: what samplers ask.
///
/// With a guidance scale above 1 it is asked for both conditionings as one batch, and the answer is moved away from the
/// negative one (Ho and Salimans 2022, arXiv 2207.12598, equation 6): negative + scale · (positive − negative).
package struct Denoiser: Sendable {
  private let network: UNet
  private let context: UNet.Context
  private let scale: Float
  private let isGuided: Bool
  /// What a network for inpainting sees besides the latents.
  private let masked: Tensor?

  /// Conditionings [n, tokens, width] for n pictures. For networks with nine input channels `mask` [n, 1, height, width],
  /// 1 where the picture is made anew, and `maskedLatents` [n, 4, height, width] of the picture without that part.
  package init(
    _ network: UNet, positive: Tensor, negative: Tensor, scale: Double, mask: Tensor? = nil,
    maskedLatents: Tensor? = nil
  ) {
    self.network = network
    self.scale = Float(scale)
    isGuided = scale > 1
    precondition(!isGuided || positive.shape == negative.shape, "\(positive.shape) and \(negative.shape)")
    context = network.context(isGuided ? Tensor.concatenated([negative, positive]) : positive)
    if let mask, let maskedLatents { masked = channelsJoined(mask, maskedLatents) } else { masked = nil }
    precondition(
      network.configuration.inputChannels == 4 + (masked?.shape[1] ?? 0),
      "a network with \(network.configuration.inputChannels) input channels")
  }

  /// What the network says of latents [n, 4, height, width] at a step in time.
  package func callAsFunction(_ latents: Tensor, time: Float) -> Tensor {
    let input = masked.map { channelsJoined(latents, $0) } ?? latents
    guard isGuided else { return network(input, time: time, context: context) }
    let both = network(Tensor.concatenated([input, input]), time: time, context: context)
    let length = both.count / 2
    let shape = [latents.shape[0]] + both.shape.dropFirst()
    var guided = (1 - scale) * both.elements(0..<length, shape: shape)
    guided.add(scale, times: both.elements(length..<2 * length, shape: shape))
    return guided
  }
}

/// The channels of both, those of `left` first: [n, a, height, width] and [n, b, height, width].
private func channelsJoined(_ left: Tensor, _ right: Tensor) -> Tensor {
  precondition(left.shape[0] == right.shape[0], "\(left.shape[0]) and \(right.shape[0]) pictures")
  let (first, second) = (left.count / left.shape[0], right.count / right.shape[0])
  return Tensor.concatenated(
    (0..<left.shape[0]).flatMap { picture in
      [
        left.elements(picture * first..<(picture + 1) * first, shape: Array(left.shape.dropFirst())),
        right.elements(picture * second..<(picture + 1) * second, shape: Array(right.shape.dropFirst())),
      ]
    }
  ).reshaped([left.shape[0], left.shape[1] + right.shape[1]] + left.shape.dropFirst(2))
}
