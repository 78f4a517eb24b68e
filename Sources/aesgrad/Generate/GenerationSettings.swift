import ArgumentParser
import CLIPKit
import Diffusion
import Files
import SystemPackage
import TensorKit

/// All that decides on a picture but the model: what `generate` is told, and what its pictures carry.
struct GenerationSettings: Hashable {
  var prompt = ""
  var negativePrompt = ""
  var picture = PictureSettings()
  /// How much the prompt counts.
  var scale = 7.5
  /// The first picture's; nil for any.
  var seed: UInt64?
  /// 1 for the text encoder's last layer.
  var clipSkip = 1
  var syntax = PromptSyntax.automatic1111
  /// Whether the conditionings of the parts that `AND` joins are mixed, instead of the answers to them.
  var isMixed = false
  var taste = TasteSettings()
  var original: OriginalSettings?
  var files = AttachmentSettings()

  /// Throws for what only the prompt tells to be impossible.
  func check() throws {
    if prompt.unicodeScalars.contains("\0") || negativePrompt.unicodeScalars.contains("\0") {
      throw ValidationError("A prompt with a zero byte cannot be kept in a picture")
    }
    guard isMixed else { return }
    let weights = PromptPart.parts(of: prompt).map(\.weight)
    guard weights.count > 1 else { throw ValidationError("--mix: the prompt has no parts joined by AND") }
    if weights.reduce(0, +) == 0 { throw ValidationError("--mix: the weights of the prompt's parts cancel each other") }
  }
}
