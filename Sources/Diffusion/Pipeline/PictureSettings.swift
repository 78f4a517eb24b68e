package import TensorKit

/// How a picture is made, all but what it shows.
package struct PictureSettings: Hashable, Sendable {
  package var sampler = Sampler.ddim(eta: 0)
  /// How steps are spread; nil for the sampler's usual way.
  package var spacing: Sampler.Spacing?
  /// 1 to the number of steps that the model was trained on.
  package var steps = 20
  /// In pixels, multiples of `PictureModel.grain`.
  package var width = 512
  package var height = 512
  package var randomNumbers = RandomDevice.cpu

  package init() {}
}
