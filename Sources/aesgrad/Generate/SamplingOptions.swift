import ArgumentParser
import CLIPKit
import Diffusion
import TensorKit

/// How pictures are made: what every command has that makes some.
struct SamplingOptions: ParsableArguments {
  @Option(
    name: [.customShort("n"), .customLong("negative-prompt")],
    help: ArgumentHelp("What the picture is to lead away from; never personalised.", valueName: "text"))
  var negativePrompt: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("The number of steps; otherwise 20.", valueName: "count"))
  var steps: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How much the prompt counts: the guidance scale, 1 or more; otherwise 7.5.", valueName: "number"))
  var cfgScale: Double?

  @Option(
    help: ArgumentHelp("ddim, plms, euler, euler-a or dpm++2m; otherwise ddim.", valueName: "name"))
  var sampler: String?

  /// How steps are spread.
  enum Schedule: String, ExpressibleByArgument, CaseIterable {
    case `default`, karras
  }

  @Option(help: "How the steps are spread: as usual for the sampler, or as Karras et al. do.")
  var schedule: Schedule?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How much noise ddim adds on the way, 0 to 1; otherwise 0.", valueName: "number"))
  var eta: Double?

  @Option(
    name: [.customShort("W"), .long], parsing: .unconditional,
    help: ArgumentHelp("The pictures' width; otherwise the model's, mostly 512.", valueName: "pixels"))
  var width: Int?

  @Option(
    name: [.customShort("H"), .long], parsing: .unconditional,
    help: ArgumentHelp("The pictures' height; otherwise the model's, mostly 512.", valueName: "pixels"))
  var height: Int?

  @Option(
    name: .shortAndLong, parsing: .unconditional,
    help: ArgumentHelp("What the random numbers begin with; otherwise, and for -1, any.", valueName: "number"))
  var seed: Int?

  @Option(help: "Whose random numbers: torch's on a CPU, as in diffusers, or on CUDA, as in A1111; otherwise cpu.")
  var rng: RandomDevice?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Take the text encoder's last layer (1, the usual), the last but one (2), and so on.", valueName: "n"))
  var clipSkip: Int?

  @Option(help: "Whose signs for emphasis: (x), [x], (x:1.3), or NovelAI's {x}, [x].")
  var emphasis: PromptSyntax?

  @Flag(help: "Mix what the prompt's parts joined by AND say into one text between them, by weight.")
  var mix = false

  /// The widths and heights that pictures may have, in pixels.
  static let sides = 64...8192

  func validate() throws {
    func check(_ name: String, _ value: Int?, _ range: ClosedRange<Int>) throws {
      guard let value, !range.contains(value) else { return }
      throw ValidationError("--\(name) \(value): a number from \(range.lowerBound) to \(range.upperBound) is needed")
    }
    try check("steps", steps, 1...1000)
    try check("clip-skip", clipSkip, 1...1000)
    try check("seed", seed, -1...Int.max)
    for (name, value) in [("width", width), ("height", height)] {
      guard let value, value % 8 != 0 || !Self.sides.contains(value) else { continue }
      throw ValidationError("--\(name) \(value): a multiple of 8 from 64 to 8192 is needed")
    }
    if let cfgScale, !cfgScale.isFinite || cfgScale < 1 {
      throw ValidationError("--cfg-scale \(cfgScale): a number of 1 or more is needed")
    }
    if let eta, !(0...1).contains(eta) { throw ValidationError("--eta \(eta): a number from 0 to 1 is needed") }
    if let sampler, Sampler(name: sampler) == nil {
      throw ValidationError("--sampler \(sampler): there are \(Sampler.names.joined(separator: ", "))")
    }
  }

  /// Puts what was asked for into `settings`; the rest stays.
  func apply(to settings: inout GenerationSettings) throws {
    if let negativePrompt { settings.negativePrompt = negativePrompt }
    if let steps { settings.picture.steps = steps }
    if let cfgScale { settings.scale = cfgScale }
    if let sampler = sampler.flatMap({ Sampler(name: $0) }) {
      settings.picture.sampler = sampler
      settings.picture.spacing = nil
    }
    if let eta {
      guard case .ddim = settings.picture.sampler else { throw ValidationError("--eta \(eta): only ddim has it") }
      settings.picture.sampler = .ddim(eta: eta)
    }
    switch schedule {
    case nil: break
    case .default?: settings.picture.spacing = nil
    case .karras?:
      guard settings.picture.sampler.spacings.contains(.karras) else {
        throw ValidationError("--schedule karras: ddim and plms have steps of their own; the other samplers know it")
      }
      settings.picture.spacing = .karras
    }
    if let width { settings.picture.width = width }
    if let height { settings.picture.height = height }
    if let rng { settings.picture.randomNumbers = rng }
    if let clipSkip { settings.clipSkip = clipSkip }
    if let emphasis { settings.syntax = emphasis }
    if mix { settings.isMixed = true }
    if let seed, seed >= 0 { settings.seed = UInt64(seed) }
  }
}

extension RandomDevice: ExpressibleByArgument {}

extension PromptSyntax: ExpressibleByArgument {
  package init?(argument: String) {
    switch argument {
    case "a1111": self = .automatic1111
    case "novelai": self = .novelAI
    default: return nil
    }
  }

  package static var allValueStrings: [String] { ["a1111", "novelai"] }
}
