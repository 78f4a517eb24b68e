import Diffusion
import Files
import Raster
import SystemPackage
import TensorKit

extension PictureModel {
  /// Makes one picture, with a bar about its steps that calls them `what`; `look` sees each.
  func drawn(
    _ settings: PictureSettings, seed: UInt64, _ guidance: Guidance, from original: Original? = nil, what: String,
    quiet: Bool, look: (Sampling.State) throws -> Void = { _ in }
  ) throws -> Picture {
    var sampling = sampling(settings, seed: seed, guidance, from: original)
    try Progress.over(sampling.underestimatedCount, what, quiet: quiet) { progress in
      while let state = sampling.next() {
        try Interruption.check()
        try look(state)
        progress.advance()
      }
    }
    guard let picture = Picture(values: picture(from: sampling.latents)) else {
      throw FileError(.malformed, path, "gives pictures with numbers that are not finite, so its weights are broken")
    }
    return picture
  }

  /// Throws where the model cannot take what the text encoder of `settings` gives, or such pictures.
  func check(_ settings: PictureSettings, _ guidance: Guidance) throws(FileError) {
    let width = unet.configuration.conditioningWidth
    guard guidance.width == width else {
      throw FileError(
        .malformed, path, "has a UNet for conditionings \(width) wide; its text encoder gives \(guidance.width)")
    }
    guard settings.width % grain == 0, settings.height % grain == 0 else {
      throw FileError(
        .malformed, path,
        "makes pictures with sides that are multiples of \(grain); \(settings.width)x\(settings.height) are not")
    }
    guard settings.steps <= schedule.alphas.count else {
      throw FileError(
        .malformed, path, "was trained on \(schedule.alphas.count) steps; \(settings.steps) cannot be made")
    }
  }
}

extension Picture {
  /// The picture of values [1, 3, height, width], −1 for black and 1 for white, rounded as diffusers does; nil if one is
  /// not finite.
  init?(values: Tensor) {
    guard values.isFinite(0..<values.count) else { return nil }
    let (height, width) = (values.shape[2], values.shape[3])
    let elements = values.elements
    var pixels = [UInt8](repeating: 0, count: 3 * height * width)
    for (index, element) in elements.enumerated() {
      let (channel, place) = index.quotientAndRemainder(dividingBy: height * width)
      pixels[3 * place + channel] = UInt8((min(max(element / 2 + 0.5, 0), 1) * 255).rounded(.toNearestOrEven))
    }
    self.init(width: width, height: height, pixels: pixels)
  }
}
