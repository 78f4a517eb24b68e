import Diffusion
import SystemPackage
import TensorKit

/// How long Stable Diffusion 1.5 takes for the work on a picture of 512×512 pixels.
struct DiffusionReport: Encodable {
  /// A guided step: the UNet on a batch of two, conditionings of 77 tokens.
  let step: Comparison
  /// The latents' way to a picture.
  let decoding: Comparison
  /// How far the results of the fastest algorithms stray from those of direct ones in Float32: the largest difference over
  /// the largest number.
  let stepDeviation: Float
  let decodingDeviation: Float

  init(_ folder: FilePath, scripts: FilePath?, quiet: Bool) throws {
    let work = try DiffusionWork(folder)
    func measured(_ name: String, _ make: (ConvolutionAlgorithm) throws -> () -> Tensor) throws -> (Comparison, Float) {
      // One after the other: both networks together would take the memory of two.
      let exact = try make(.exact)()
      let run = try make(.fastest)
      let deviation = DiffusionWork.deviation(run(), exact)
      return (
        try Comparison.inTurn(
          [(nil, { _ = run() })], Peer.diffusion(name, model: folder, threads: Threads.count), scripts: scripts,
          quiet: quiet)[0], deviation
      )
    }
    (step, stepDeviation) = try measured("unet", work.step)
    (decoding, decodingDeviation) = try measured("vae", work.decoding)
  }

  /// Tables for people to read.
  var table: String {
    """
    \(step.table("Stable Diffusion 1.5, 512 x 512, seconds a guided step"))
    strays by                \(stepDeviation)

    \(decoding.table("VAE, decoding 512 x 512, seconds"))
    strays by                \(decodingDeviation)
    """
  }
}

/// The work of drawing a picture of 512×512 pixels with Stable Diffusion 1.5, as it is timed.
struct DiffusionWork {
  private let latents = Tensor(randomWithSeed: 9, shape: [1, 4, 64, 64], scale: 1.7)
  private let files: ModelFiles

  init(_ folder: FilePath) throws { files = try ModelFiles(folder) }

  /// One guided step.
  func step(_ algorithm: ConvolutionAlgorithm) throws -> () -> Tensor {
    let (configuration, weights) = try files.unet()
    let unet = try UNet(from: weights, configuration, algorithm: algorithm)
    let conditionings = [10, 11].map { seed in
      Tensor(randomWithSeed: seed, shape: [77, RandomDiffusion.conditioningWidth], scale: 1.7)
    }
    let denoiser = Denoiser(unet, Guidance(positive: conditionings[0], negative: conditionings[1], scale: 7.5))
    return { denoiser(latents, time: 10) }
  }

  /// Decoding the latents.
  func decoding(_ algorithm: ConvolutionAlgorithm) throws -> () -> Tensor {
    let (configuration, weights) = try files.vae()
    let vae = try VAE(from: weights, configuration, algorithm: algorithm)
    return { vae.decode(latents) }
  }

  static func deviation(_ found: Tensor, _ exact: Tensor) -> Float {
    let (found, exact) = (found.elements, exact.elements)
    let largest = exact.reduce(0) { max($0, abs($1)) }
    return zip(found, exact).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
  }
}
