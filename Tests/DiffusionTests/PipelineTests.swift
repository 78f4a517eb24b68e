import Diffusion
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Pictures from texts, from pictures, and with masks, against diffusers' pipelines with the same seed
/// (Tools/reference/generation.py).
///
/// Final latents after 10 guided steps must agree to 1e-3 of the largest, as those of `SamplerTests`.
@Suite struct PipelineTests {
  private static let side = 64
  static let samplers = Sampler.names
  static let models = ["pipeline", "inpainting"]

  private static func model(_ name: String) throws -> PictureModel {
    try withTemporaryFolder { folder in
      try SyntheticModel(name).write(to: folder)
      return try PictureModel(ModelFiles(folder), height: side)
    }
  }

  private static let loaded = Result { try models.map { try model($0) } }

  /// The picture and the mask that generation.py makes.
  private static var values: Tensor {
    let elements = (0..<3).flatMap { channel in
      (0..<side * side).map { place in
        let (y, x) = place.quotientAndRemainder(dividingBy: side)
        return Float([4 * x, 4 * y, x * y % 256][channel]) / 255 * 2 - 1
      }
    }
    return Tensor(elements, shape: [1, 3, side, side])
  }

  private static var mask: Tensor {
    let elements = (0..<side * side).map { place in place % side >= 19 && place / side < 45 ? Float(1) : 0 }
    return Tensor(elements, shape: [1, 1, side, side])
  }

  private func expectLatents(
    _ key: String, _ name: String, sampler: String, from original: Original? = nil
  ) throws {
    let model = try Self.loaded.get()[Self.models.firstIndex(of: name) ?? 0]
    let file = try SyntheticModel("pipeline").expected
    var settings = PictureSettings()
    settings.sampler = try #require(Sampler(name: sampler))
    (settings.steps, settings.width, settings.height) = (10, Self.side, Self.side)
    let guidance = Guidance(positive: try file.tensor("positive"), negative: try file.tensor("negative"), scale: 7.5)
    var sampling = model.sampling(settings, seed: 42, guidance, from: original)
    while sampling.next() != nil {}
    expectClose(sampling.latents, try file.tensor(ByteString(key)), relative: 1e-3, key)
  }

  @Test("from noise", arguments: samplers)
  func text(sampler: String) throws { try expectLatents(sampler, "pipeline", sampler: sampler) }

  @Test("from a picture", arguments: samplers)
  func picture(sampler: String) throws {
    try expectLatents(
      sampler + ".picture", "pipeline", sampler: sampler, from: Original(values: Self.values, strength: 0.6))
  }

  @Test("with a mask, by models that know masks and models that do not", arguments: samplers, models)
  func inpainting(sampler: String, model: String) throws {
    for strength in [1, 0.6] {
      try expectLatents(
        "\(sampler).\(model).\(strength == 1 ? "1.0" : "0.6")", model, sampler: sampler,
        from: Original(values: Self.values, strength: strength, mask: Self.mask))
    }
  }

  @Test("what changes from step to step, and prompts met together")
  func moments() throws {
    let model = try Self.loaded.get()[0]
    let file = try SyntheticModel("pipeline").expected
    let (positive, negative) = (try file.tensor("positive"), try file.tensor("negative"))
    var settings = PictureSettings()
    (settings.steps, settings.width, settings.height) = (4, Self.side, Self.side)
    func latents(_ guidance: Guidance) -> Tensor {
      var sampling = model.sampling(settings, seed: 1, guidance)
      while sampling.next() != nil {}
      return sampling.latents
    }
    let plain = latents(Guidance(positive: positive, negative: negative, scale: 3))
    // Halves of one prompt are the prompt: rounding of the sums differs.
    let halves = Guidance.Moment([.init(positive, weight: 0.5), .init(positive, weight: 0.5)], negative: negative)
    expectClose(latents(Guidance([halves], order: [0], scale: 3)), plain, relative: 1e-4)
    // What is said after the last step is not heard.
    let one = Guidance.Moment([.init(positive)], negative: negative)
    let other = Guidance.Moment([.init(negative)], negative: positive)
    expectClose(latents(Guidance([one, other], order: [0, 0, 0, 0, 1], scale: 3)), plain, relative: 0)
    #expect(latents(Guidance([one, other], order: [0, 0, 0, 1], scale: 3)).elements != plain.elements)
  }
}
