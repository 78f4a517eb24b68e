/// The ways from noise to latents.
package enum Sampler: Hashable, Sendable {
  /// Song et al. 2020, arXiv 2010.02502; `eta` from 0 (nothing drawn on the way) to 1 (as in DDPM).
  case ddim(eta: Double)
  /// Pseudo linear multistep (Liu et al. 2022, arXiv 2202.09778), without Runge-Kutta steps at the beginning.
  case plms
  /// Euler's method on the probability flow (Karras et al. 2022, arXiv 2206.00364).
  case euler
  /// Euler's method to a lower noise than wanted, and new noise.
  case eulerAncestral
  /// Second-order multistep DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095), first order in the last step.
  case dpmPlusPlus2M

  /// The names that people call them by.
  package static let names = ["ddim", "plms", "euler", "euler-a", "dpm++2m"]

  /// The sampler of this name, or nil. `eta` is for DDIM alone.
  package init?(name: String, eta: Double = 0) {
    switch name {
    case "ddim": self = .ddim(eta: eta)
    case "plms": self = .plms
    case "euler": self = .euler
    case "euler-a": self = .eulerAncestral
    case "dpm++2m": self = .dpmPlusPlus2M
    default: return nil
    }
  }

  /// Whether it draws noise on the way.
  package var drawsNoise: Bool {
    switch self {
    case .ddim(let eta): eta > 0
    case .eulerAncestral: true
    case .plms, .euler, .dpmPlusPlus2M: false
    }
  }

  /// The spacings that it knows, the usual one first.
  package var spacings: [Spacing] {
    switch self {
    case .ddim, .plms: [.leading]
    case .euler, .eulerAncestral, .dpmPlusPlus2M: [.linear, .leading, .karras]
    }
  }

  /// How the steps in time are spread over those that the model was trained on.
  package enum Spacing: String, Hashable, Sendable, CaseIterable {
    /// Multiples of ⌊1000 / steps⌋, plus an offset: what DDIM and PLMS take, as CompVis's code does.
    case leading
    /// Evenly from the first to the last: what AUTOMATIC1111 and diffusers take for the others.
    case linear
    /// Deviations whose seventh roots are evenly spread (Karras et al. 2022, arXiv 2206.00364, equation 5).
    case karras
  }

  func solver(_ schedule: NoiseSchedule, steps: Int, spacing: Spacing) -> any Solver {
    switch self {
    case .ddim(let eta): DDIM(schedule, steps: steps, eta: eta)
    case .plms: PLMS(schedule, steps: steps)
    case .euler, .eulerAncestral:
      Euler(NoiseGrid(schedule, steps: steps, spacing: spacing), isAncestral: self == .eulerAncestral)
    case .dpmPlusPlus2M: DPMPlusPlus2M(NoiseGrid(schedule, steps: steps, spacing: spacing, endsOpen: true))
    }
  }
}
