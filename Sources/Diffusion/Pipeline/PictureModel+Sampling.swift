package import TensorKit

extension PictureModel {
  /// The way from noise, or from an original with noise, to the latents of one picture.
  ///
  /// What is drawn is drawn in the order of diffusers' pipelines, so with `RandomDevice.cpu` a seed gives the picture that
  /// it gives there: with a mask, those of the picture's and the masked picture's latents, too.
  package func sampling(
    _ settings: PictureSettings, seed: UInt64, _ guidance: Guidance, from original: Original? = nil
  ) -> Sampling {
    let channels = vae.configuration.latentChannels
    let shape = [1, channels, settings.height / grain, settings.width / grain]
    var source = settings.randomNumbers.source(seed: seed)
    let start: Sampling.Start
    var inpainting: Inpainting?
    var mask: (latents: Tensor, masked: Tensor)?
    if let original {
      let fromNoise = original.mask != nil && original.strength == 1
      let latents =
        fromNoise && isForInpainting ? nil : vae.latents(of: original.values, noise: source.normals(shape))
      let noise = source.normals(shape)
      start =
        latents.flatMap { fromNoise ? nil : .picture($0, noise: noise, strength: original.strength) } ?? .noise(noise)
      if original.mask != nil || isForInpainting {
        let places = original.latentMask(side: grain)
        // Drawn by diffusers in any case, so that what is drawn later is the same.
        let draw = source.normals(shape)
        if isForInpainting {
          mask = (places, vae.latents(of: original.masked, noise: draw))
        } else if let latents {
          inpainting = Inpainting(mask: places, original: latents, noise: noise)
        }
      }
    } else {
      start = .noise(source.normals(shape))
      if isForInpainting {
        // Everything is to be made anew.
        let nothing = Original(values: Tensor(zeros: [1, 3, settings.height, settings.width]), strength: 1)
        mask = (nothing.latentMask(side: grain), vae.configuration.scaling * vae.encode(nothing.values).mean)
      }
    }
    return Sampling(
      settings.sampler, schedule, spacing: settings.spacing, steps: settings.steps, from: start,
      denoiser: Denoiser(unet, guidance, mask: mask?.latents, maskedLatents: mask?.masked), inpainting: inpainting
    ) { source.normals(shape) }
  }

  /// The picture of latents at the end of their way: [1, 3, height, width], about −1 to 1.
  package func picture(from latents: Tensor) -> Tensor { vae.pictures(from: latents) }
}
