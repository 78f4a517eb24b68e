import Diffusion
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// UNet and VAE against diffusers, whose values are computed in double precision.
///
/// Values must agree to 1e-4 of the largest with direct convolutions and to 1e-3 with Winograd's. Float32 sums of up to
/// 3000 terms in some twenty layers leave errors near 1e-6, and Winograd's transforms multiply those of a layer by less
/// than ten, so the tests ask for 1e-5 and 5e-5.
@Suite struct NetworkTests {
  static let limits: [(ConvolutionAlgorithm, Float)] = [(.exact, 1e-5), (.fastest, 5e-5)]

  @Test("the UNet's prediction, also at a step between two", arguments: SyntheticModel.names, limits)
  func unet(name: String, limit: (algorithm: ConvolutionAlgorithm, error: Float)) throws {
    let model = try SyntheticModel(name)
    let configuration = try model.configurations().unet
    // Prepared as for pictures of 512 pixels, so that Winograd's algorithm is chosen where it can be.
    let unet = try UNet(
      from: model.weights("unet").scope, configuration, lines: 64, algorithm: limit.algorithm)
    let context = unet.context(try model.expected.tensor("context"))
    for (time, key) in [(981, "unet.981"), (20.5, "unet.20.5")] as [(Float, ByteString)] {
      let output = unet(try model.expected.tensor("x"), time: time, context: context)
      expectClose(output, try model.expected.tensor(key), relative: limit.error, "\(name) \(key)")
    }
  }

  @Test("one picture for two conditionings is as good as two of the same", arguments: SyntheticModel.names)
  func shared(name: String) throws {
    let model = try SyntheticModel(name)
    let unet = try UNet(from: model.weights("unet").scope, model.configurations().unet)
    func first(_ name: ByteString) throws -> Tensor {
      let all = try model.expected.tensor(name)
      return all.elements(0..<all.count / all.shape[0], shape: [1] + Array(all.shape.dropFirst()))
    }
    let (one, conditioning) = (try first("x"), try first("context"))
    let context = unet.context(Tensor.concatenated([conditioning, -1 * conditioning]))
    let both = unet(Tensor.concatenated([one, one]), time: 981, context: context)
    // The same sums, but for products that may be cut into other blocks.
    expectClose(unet(one, time: 981, context: context), both, relative: 1e-6, name)
    #expect(both.elements.prefix(both.count / 2) != both.elements.suffix(both.count / 2))
  }

  @Test("the VAE's latents and pictures", arguments: SyntheticModel.names, limits)
  func vae(name: String, limit: (algorithm: ConvolutionAlgorithm, error: Float)) throws {
    let model = try SyntheticModel(name)
    let vae = try VAE(
      from: model.weights("vae").scope, model.configurations().vae, lines: 64, algorithm: limit.algorithm)
    let encoded = vae.encode(try model.expected.tensor("picture"))
    expectClose(encoded.mean, try model.expected.tensor("mean"), relative: limit.error, name)
    expectClose(encoded.logVariance, try model.expected.tensor("log_variance"), relative: limit.error, name)
    let decoded = vae.decode(try model.expected.tensor("latents"))
    expectClose(decoded, try model.expected.tensor("decoded"), relative: limit.error, name)
  }

  @Test("large pictures in tiles")
  func tiles() throws {
    let model = try SyntheticModel("odd")
    // The tiles are meant, not the algorithm.
    let vae = try VAE(from: model.weights("vae").scope, model.configurations().vae, algorithm: .exact)
    let decoded = vae.decodeInTiles(try model.expected.tensor("large"), side: 8)
    expectClose(decoded, try model.expected.tensor("tiled"), relative: 1e-5)
  }
}
