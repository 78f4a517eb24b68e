import Diffusion
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Ten steps of every sampler with a guidance scale of 7.5 against diffusers, given the same noise.
///
/// Final latents must agree to 1e-3 of the largest. Both sides run in single precision, and guidance multiplies the
/// difference of two predictions by 7.5 at every step.
@Suite struct SamplerTests {
  private static let network = Result { () throws -> (UNet, SafetensorsFile) in
    let folder = FilePath(try #require(Bundle.module.resourceURL).path).appending("Fixtures")
    let model = try SyntheticModel("pocket")
    let configuration = try model.configurations().unet
    return (
      try UNet(from: model.weights("unet").scope, configuration),
      try SafetensorsFile(folder.appending("samplers.safetensors"))
    )
  }

  private static func guidance(_ file: SafetensorsFile, scale: Double) throws -> Guidance {
    func rows(_ name: ByteString) throws -> Tensor {
      let tensor = try file.tensor(name)
      return tensor.reshaped(Array(tensor.shape.dropFirst()))
    }
    return Guidance(positive: try rows("positive"), negative: try rows("negative"), scale: scale)
  }

  static let runs: [(String, Sampler, Sampler.Spacing?)] = [
    ("ddim", .ddim(eta: 0), nil), ("ddim-eta", .ddim(eta: 0.7), nil), ("plms", .plms, nil),
    ("euler.linear", .euler, nil), ("euler.leading", .euler, .leading), ("euler.karras", .euler, .karras),
    ("euler-a.linear", .eulerAncestral, .linear), ("euler-a.leading", .eulerAncestral, .leading),
    ("dpm++2m.linear", .dpmPlusPlus2M, nil), ("dpm++2m.leading", .dpmPlusPlus2M, .leading),
    ("dpm++2m.karras", .dpmPlusPlus2M, .karras),
  ]

  @Test("final latents", arguments: runs)
  func latents(name: String, sampler: Sampler, spacing: Sampler.Spacing?) throws {
    let (unet, file) = try Self.network.get()
    func recorded(_ name: String) throws -> Tensor { try file.tensor(ByteString(name)) }
    let denoiser = Denoiser(unet, try Self.guidance(file, scale: 7.5))
    let (noise, original, later) = (try recorded("noise"), try recorded("original"), try recorded("later"))
    let inpainting = Inpainting(mask: try recorded("mask"), original: original, noise: noise)
    func run(
      _ start: Sampling.Start, _ prediction: NoiseSchedule.Prediction = .epsilon, _ inpainting: Inpainting? = nil
    ) -> Tensor? {
      var draw = 0
      var last: Tensor?
      for state in Sampling(
        sampler, NoiseSchedule(prediction: prediction), spacing: spacing, steps: 10, from: start, denoiser: denoiser,
        inpainting: inpainting,
        noise: {
          defer { draw += 1 }
          return later.elements(draw * noise.count..<(draw + 1) * noise.count, shape: noise.shape)
        })
      {
        last = state.latents
        #expect(state.number <= state.count)
      }
      return last
    }
    expectClose(try #require(run(.noise(noise))), try recorded(name), relative: 1e-3, name)
    guard file.shape(of: ByteString(name + ".velocity")) != nil else { return }
    expectClose(
      try #require(run(.noise(noise), .velocity)), try recorded(name + ".velocity"), relative: 1e-3, name)
    expectClose(
      try #require(run(.picture(original, noise: noise, strength: 0.55))), try recorded(name + ".picture"),
      relative: 1e-3, name)
    expectClose(
      try #require(run(.noise(noise), .epsilon, inpainting)), try recorded(name + ".inpainted"), relative: 1e-3, name)
  }

  @Test("every sampler has a name, and a strength of zero leaves a picture alone")
  func namesAndNoStrength() throws {
    #expect(Sampler.names.allSatisfy { Sampler(name: $0) != nil } && Sampler(name: "heun") == nil)
    let (unet, file) = try Self.network.get()
    let denoiser = Denoiser(unet, try Self.guidance(file, scale: 1))
    let original = try file.tensor("original")
    for name in Sampler.names {
      let sampler = try #require(Sampler(name: name))
      var states = Sampling(
        sampler, NoiseSchedule(), steps: 4, from: .picture(original, noise: original, strength: 0),
        denoiser: denoiser, noise: { original })
      #expect(states.next() == nil)
      var one = Sampling(
        sampler, NoiseSchedule(), steps: 1, from: .noise(original), denoiser: denoiser, noise: { original })
      #expect(one.next()?.latents.elements.allSatisfy(\.isFinite) == true, "\(name)")
    }
  }
}
