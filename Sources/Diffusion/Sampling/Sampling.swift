package import TensorKit

/// Latents on their way from noise to a picture, as a sequence of their states: one for each time the network is asked.
///
///     for state in Sampling(.euler, schedule, steps: 20, from: .noise(noise), denoiser: denoiser) {
///       show(state.number, of: state.count)
///       latents = state.latents
///     }
///
/// A sequence runs once. Nothing is computed before it is asked for, so leaving the loop ends the work.
package struct Sampling: Sequence, IteratorProtocol {
  /// The latents behind one question to the network.
  package struct State: Sendable {
    /// How many questions have been asked, and how many there are.
    package let number: Int
    package let count: Int
    /// [n, channels, height, width]; behind the last question those to be decoded.
    package let latents: Tensor
    /// What the network takes for the picture behind the noise, for previews.
    package let original: Tensor
  }

  /// Where the way begins.
  package enum Start: Sendable {
    /// Noise of variance 1, [n, channels, height, width].
    case noise(Tensor)
    /// A picture's latents with noise; of `steps` steps only the last `strength` · steps are made. Strength 0 to 1.
    case picture(Tensor, noise: Tensor, strength: Double)
  }

  private let denoiser: Denoiser
  private let inpainting: Inpainting?
  private let noise: () -> Tensor
  private var solver: any Solver
  private var call: Int
  private let first: Int
  private let steps: Int
  /// The latents as they are now.
  package private(set) var latents: Tensor

  /// The way of `sampler` in so many steps, at least one. `noise` draws what the sampler adds on the way, shaped as the
  /// latents; `inpainting` keeps a part of a picture.
  package init(
    _ sampler: Sampler, _ schedule: NoiseSchedule, spacing: Sampler.Spacing? = nil, steps: Int, from start: Start,
    denoiser: Denoiser, inpainting: Inpainting? = nil, noise: @escaping () -> Tensor
  ) {
    precondition(steps > 0 && steps <= schedule.count, "\(steps) steps of \(schedule.count)")
    let spacing = spacing ?? sampler.spacings[0]
    precondition(sampler.spacings.contains(spacing), "\(sampler) does not know the spacing \(spacing)")
    (self.denoiser, self.inpainting, self.noise, self.steps) = (denoiser, inpainting, noise, steps)
    solver = sampler.solver(schedule, steps: steps, spacing: spacing)
    switch start {
    case .noise(let noise):
      first = 0
      latents = Float(solver.startDeviation) * noise
    case .picture(let original, let noise, let strength):
      precondition(original.shape == noise.shape && (0...1).contains(strength), "strength \(strength)")
      first = steps - Swift.min(steps, Int(Double(steps) * strength))
      latents = first < solver.times.count ? solver.noised(original, noise, before: first) : original
      if first == steps { latents = original }
    }
    call = first == steps ? solver.times.count : first
  }

  /// The number of the step that a call belongs to: PLMS asks twice in its second one.
  private func step(_ call: Int) -> Int { call < 2 ? call : call - (solver.times.count - steps) }

  /// How many questions to the network there are in all.
  package var underestimatedCount: Int { solver.times.count - call }

  package mutating func next() -> State? {
    guard call < solver.times.count else { return nil }
    let input = Float(solver.inputFactor(call)) * latents
    let output = denoiser(input, time: Float(solver.times[call]), step: step(call) - step(first))
    let (moved, original) = solver.step(call, latents, output: output, noise: noise)
    call += 1
    latents = moved
    if let inpainting {
      let kept =
        call < solver.times.count
        ? solver.noised(inpainting.original, inpainting.noise, before: call) : inpainting.original
      latents = inpainting.blended(latents, kept)
    }
    return State(
      number: call - first, count: solver.times.count - first, latents: latents, original: original)
  }
}

/// A part of a picture that stays as it is, for networks that know nothing of masks: after each step it is put back, as
/// noisy as the rest.
package struct Inpainting: Sendable {
  /// [n or 1, 1, height, width]: 1 where the picture is made anew, 0 where it stays.
  package let mask: Tensor
  /// The picture's latents, and the noise that the sampling began with, [n, channels, height, width] each.
  package let original: Tensor
  package let noise: Tensor

  package init(mask: Tensor, original: Tensor, noise: Tensor) {
    precondition(
      original.shape == noise.shape && mask.shape.count == 4 && mask.shape[1] == 1
        && mask.shape.dropFirst(2) == original.shape.dropFirst(2)
        && [1, original.shape[0]].contains(mask.shape[0]), "a mask of \(mask.shape) for latents of \(original.shape)")
    (self.mask, self.original, self.noise) = (mask, original, noise)
  }

  func blended(_ new: Tensor, _ kept: Tensor) -> Tensor {
    let (mask, channels) = (mask.elements, new.shape[1])
    let area = new.shape[2] * new.shape[3]
    let elements = zip(new.elements, kept.elements).enumerated().map { index, pair in
      let place = index / (area * channels) * area % mask.count + index % area
      return mask[place] * pair.0 + (1 - mask[place]) * pair.1
    }
    return Tensor(elements, shape: new.shape)
  }
}
