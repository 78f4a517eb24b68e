package import Files
import Glibc
package import TensorKit

/// The autoencoder between pictures and latents (Kingma and Welling 2014, arXiv 1312.6114; Rombach et al. 2022, arXiv
/// 2112.10752, section 3.1; diffusers: AutoencoderKL), for inference.
package struct VAE: Sendable {
  package let configuration: VAEConfiguration
  private let encoder: VAEEncoder
  private let decoder: VAEDecoder
  private let memory: MemoryUse

  /// Reads the autoencoder; `lines` is the height of the latents that it is mostly used for. Throws if a tensor is
  /// missing, left over or of another shape.
  package init(
    from scope: TensorScope, _ configuration: VAEConfiguration, lines: Int = 64, memory: MemoryUse = .normal,
    algorithm: ConvolutionAlgorithm = .fastest
  ) throws(FileError) {
    (self.configuration, self.memory) = (configuration, memory)
    let builder = LayerBuilder(scope, memory: memory, algorithm: algorithm)
    encoder = try VAEEncoder(from: builder, configuration, lines: lines)
    decoder = try VAEDecoder(from: builder, configuration, lines: lines)
    try scope.checkAllTaken()
  }

  /// The distribution of the latents of pictures [n, 3, height, width] with values from −1 to 1: its mean and the
  /// logarithm of its variance, each [n, latents, height / 8, width / 8], not scaled.
  package func encode(_ pictures: Tensor) -> (mean: Tensor, logVariance: Tensor) {
    let moments = channelsFirst(encoder(channelsLast(pictures)))  // [n, 2 · latents, h, w]
    let (count, shape) = (moments.shape[0], [configuration.latentChannels] + moments.shape.dropFirst(2))
    let length = shape.reduce(1, *)
    func half(_ part: Int) -> Tensor {
      Tensor.concatenated(
        (0..<count).map { picture in
          let start = (2 * picture + part) * length
          return moments.elements(start..<start + length, shape: [1] + shape)
        })
    }
    let variances = half(1).elements.map { min(max($0, -30), 20) }
    return (half(0), Tensor(variances, shape: [count] + shape))
  }

  /// A draw from the latents of pictures, scaled to variance 1 as the UNet knows them: mean + noise · e^(logVariance / 2).
  package func latents(of pictures: Tensor, noise: Tensor) -> Tensor {
    let (mean, logVariance) = encode(pictures)
    precondition(noise.shape == mean.shape, "noise of \(noise.shape) for latents of \(mean.shape)")
    let drawn = zip(logVariance.elements, noise.elements).map { exp(0.5 * $0) * $1 }
    return configuration.scaling * (mean + Tensor(drawn, shape: mean.shape))
  }

  /// The pictures of latents [n, latents, height, width] as the UNet leaves them: [n, 3, 8 · height, 8 · width], about
  /// −1 to 1. Where memory is short, large pictures are decoded in tiles, which look a little different.
  package func pictures(from latents: Tensor) -> Tensor {
    let scaled = (1 / configuration.scaling) * latents
    return memory == .low ? decodeInTiles(scaled) : decode(scaled)
  }

  /// The pictures of latents that are not scaled.
  package func decode(_ latents: Tensor) -> Tensor {
    precondition(latents.shape.count == 4 && latents.shape[1] == configuration.latentChannels, "\(latents.shape)")
    return channelsFirst(decoder(channelsLast(latents)))
  }

  /// How many pixels a latent stands for, down and across.
  package var reduction: Int { 1 << (configuration.levels.count - 1) }
}
