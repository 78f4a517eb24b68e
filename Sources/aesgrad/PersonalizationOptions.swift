import Aesthetic
import ArgumentParser
import CLIPKit
import Files
import SystemPackage
import TensorKit

/// The texts, and how far and how fast they are moved.
struct PersonalizationOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: ArgumentHelp("The prompt; several share one optimisation.", valueName: "text"))
  var prompt: [String] = []

  @Option(help: ArgumentHelp("A text file with a prompt on each line.", valueName: "file"))
  var prompts: PathArgument?

  // A number below 0 is to be refused for what it is, not taken for an option.
  @Option(parsing: .unconditional, help: ArgumentHelp("The number of steps.", valueName: "count"))
  var steps = 20

  @Option(
    name: .customLong("lr"), parsing: .unconditional,
    help: ArgumentHelp(
      "The learning rate; otherwise 1e-4, or \(ModelLocation.pocketLearningRate) for the model that ships.",
      valueName: "rate"))
  var learningRate: Double?

  /// What the steps move, by its name on the command line and in files.
  enum Mode: String, ExpressibleByArgument, CaseIterable {
    case exact
    case lowRank = "low-rank"
  }

  @Option(
    help: ArgumentHelp(
      "Move all weights, as published (exact), or factors of low rank beside them: faster, and with a small delta "
        + "(low-rank). Otherwise what suits the command.", valueName: "mode"))
  var mode: Mode?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The rank of the factors of --mode low-rank; otherwise 16.", valueName: "count"))
  var rank: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Stop once the similarity, between -1 and 1, reaches this.", valueName: "similarity"))
  var until: Float?

  func validate() throws {
    if steps < 0 { throw ValidationError("--steps \(steps): 0 or more are needed") }
    if let learningRate, !learningRate.isFinite || learningRate <= 0 {
      throw ValidationError("--lr \(learningRate): a finite number above 0 is needed")
    }
    if let rank {
      if rank < 1 { throw ValidationError("--rank \(rank): 1 or more are needed") }
    }
    if let until, !(-1...1).contains(until) {
      throw ValidationError("--until \(until): a similarity lies between -1 and 1")
    }
  }

  /// What the steps move in an encoder of this width, which no rank exceeds.
  func movement(width: Int) throws -> Personalizer.Mode {
    switch mode ?? .exact {
    case .exact: return .exact
    case .lowRank:
      let rank = rank ?? min(16, width)
      guard rank <= width else {
        throw ValidationError("--rank \(rank): at most \(width) are possible, the text encoder's width")
      }
      return .lowRank(rank)
    }
  }

  /// The options with this mode where none was asked for.
  func assuming(_ usual: Mode) -> PersonalizationOptions {
    var options = self
    options.mode = mode ?? usual
    return options
  }

  /// Throws where a rank is asked for, and the mode, this one if none is asked for, has no factors.
  func checkRank(assuming usual: Mode) throws {
    guard let rank, mode ?? usual == .exact else { return }
    throw ValidationError("--rank \(rank): only --mode low-rank has factors")
  }

  /// Whether no prompt is given.
  var isEmpty: Bool { prompt.isEmpty && prompts == nil }

  /// All prompts: those of the command line, then the lines of the file that are not empty.
  func allPrompts() throws(FileError) -> [String] {
    try prompt + (prompts.map { prompts throws(FileError) in try PromptFile.read(prompts.path) } ?? [])
  }
}
