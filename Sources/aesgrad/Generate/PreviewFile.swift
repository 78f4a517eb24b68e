import Diffusion
import Files
import Raster
import SystemPackage
import TensorKit

/// A file that shows the picture that is being made, as far as the model has come.
final class PreviewFile {
  private let path: FilePath
  private let colors: LatentColors
  private let clock = ContinuousClock()
  private var last: ContinuousClock.Instant?

  /// Nobody looks more often than twice a second.
  private static let interval = Duration.milliseconds(500)

  init(_ path: FilePath, of model: PictureModel) {
    (self.path, colors) = (path, LatentColors(model.vae))
  }

  /// Shows what the model takes for the picture, at its `width` and `height`.
  func show(_ state: Sampling.State, _ settings: PictureSettings) throws {
    if let last, clock.now - last < Self.interval, state.number < state.count { return }
    last = clock.now
    guard let small = Picture(values: colors.picture(of: state.original)) else { return }
    try Interruption.whileWriting {
      try small.resized(width: settings.width, height: settings.height).writePNG(to: path, replacing: true)
    }
  }
}
