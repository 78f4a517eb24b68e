package import Files
package import SystemPackage
package import TensorKit

/// All that makes pictures of what a text encoder gives: UNet, VAE, and how they were trained.
package struct PictureModel: Sendable {
  /// The model's folder or file, for errors.
  package let path: FilePath
  package let unet: UNet
  package let vae: VAE
  package let schedule: NoiseSchedule

  /// Reads the model in `files`, with the VAE of another file or folder if `vae` names one. `height` is that of the
  /// pictures, in pixels, that it is mostly used for, which decides on algorithms. `adapters`, each times its weight, and
  /// `hypernetworks` change the UNet.
  package init(
    _ files: ModelFiles, vae replacement: FilePath? = nil, height: Int = 512, memory: MemoryUse = .normal,
    adapters: [(adapter: Adapter, weight: Float)] = [], hypernetworks: [WeightedHypernetwork] = []
  ) throws(FileError) {
    path = files.path
    // Before the long reading, what is known without it.
    let vaeFiles = try files.vae(replacement: replacement)
    let unetFiles = try files.unet()
    schedule = try files.schedule()
    let (latents, inputs) = (vaeFiles.configuration.latentChannels, unetFiles.configuration.inputChannels)
    guard unetFiles.configuration.outputChannels == latents else {
      throw vaeFiles.weights.error(
        "has a VAE of \(latents) latent channels; \(unetFiles.configuration.outputChannels) were expected, as the UNet has"
      )
    }
    guard inputs == latents || inputs == 2 * latents + 1 else {
      throw unetFiles.weights.error(
        "has a UNet of \(inputs) input channels; \(latents) were expected, or \(2 * latents + 1) for inpainting")
    }
    let lines = max(1, height >> (vaeFiles.configuration.levels.count - 1))
    let weights = try unetFiles.weights.adding(adapters, to: .image)
    var unet = try UNet(from: weights, unetFiles.configuration, lines: lines, memory: memory)
    unet.hypernetworks = hypernetworks
    self.unet = unet
    vae = try VAE(from: vaeFiles.weights, vaeFiles.configuration, lines: lines, memory: memory)
  }

  /// Whether the UNet also looks at a masked picture, as inpainting models do.
  package var isForInpainting: Bool { unet.configuration.inputChannels > vae.configuration.latentChannels }

  /// What widths and heights must be multiples of.
  package var grain: Int { vae.reduction }
}
