import Aesthetic
import ArgumentParser

/// How much of the personalisation is used, and how a text turns the aesthetic: what the A1111 extension offers.
struct BlendingOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How much the personalised conditioning counts, 0 to 1.", valueName: "weight"))
  var weight = 1.0

  @Flag(help: "Blend by the angle between the two, token by token, instead of along the line.")
  var slerp = false

  @Option(help: ArgumentHelp("Turn the aesthetic towards this text.", valueName: "text"))
  var aestheticText: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How far: the share of the angle between the two, 0 to 1.", valueName: "share"))
  var aestheticAngle = 0.1

  @Flag(help: "Turn the aesthetic away from the text instead.")
  var aestheticTextNegative = false

  @Flag(
    name: .customLong("a1111-compatible"),
    help: "Use the A1111 extension's formulas for --slerp and --aesthetic-text, as its old results need them.")
  var isCompatible = false

  func validate() throws {
    for (name, value) in [("weight", weight), ("aesthetic-angle", aestheticAngle)] where !(0...1).contains(value) {
      throw ValidationError("--\(name) \(value): a number from 0 to 1 is needed")
    }
    if aestheticText?.allSatisfy(\.isWhitespace) == true { throw ValidationError("--aesthetic-text is empty") }
    if aestheticTextNegative, aestheticText == nil {
      throw ValidationError("--aesthetic-text-negative needs --aesthetic-text")
    }
  }

  var blending: Blending { slerp ? isCompatible ? .sphericalOverTokens : .spherical : .linear }

  var rotation: TextRotation {
    TextRotation(share: aestheticAngle, isNegative: aestheticTextNegative, isCompatible: isCompatible)
  }
}
