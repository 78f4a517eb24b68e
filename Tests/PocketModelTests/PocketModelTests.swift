import CLIPKit
import Diffusion
import Files
import Foundation
import PocketModel
import Raster
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// The model that ships, against what transformers and diffusers compute with it in double precision
/// (Tools/reference/pocket.py). The tolerances are those of each part's own tests, and for the same reasons.
@Suite struct PocketModelTests {
  private let folder: FilePath
  private let expected: SafetensorsFile

  init() throws {
    folder = try #require(PocketModel.folder())
    expected = try SafetensorsFile(
      FilePath(try #require(Bundle.module.resourceURL).path).appending("Fixtures/expected.safetensors"))
  }

  private static let prompts = ["a castle, watercolour", "two cats at night, pixel art", ""]
  private static let pictures: [FilePath] = ["neon-night/castle.png", "sepia/cat.png"]

  private func ids() throws -> [[Int]] {
    let ids = try expected.tensor("ids")
    return (0..<ids.rows).map { row in ids.rows(row..<row + 1).elements.map { Int($0) } }
  }

  @Test("Both tokenizers give the tokens of transformers")
  func tokens() throws {
    for place in [folder, folder.appending("clip")] {
      let tokenizer = try #require(try ModelLocation(place).tokenizer())
      #expect(try Self.prompts.map { tokenizer.encode($0, length: 77) } == ids())
    }
  }

  @Test("The text encoder's conditioning, and the features of texts and pictures")
  func clip() throws {
    let texts = Array(try ids().prefix(2))
    for place in [folder, folder.appending("clip")] {
      let encoder = try TextEncoder(ModelLocation(place))
      let states = encoder.conditioning(texts, clipSkip: 1)
      expectClose(states, try expected.tensor("states"), relative: 1e-5, "\(place)")
    }
    let location = try ModelLocation(folder.appending("clip"))
    let features = try TextProjection(location)(TextEncoder(location).pooled(texts))
    expectClose(features, try expected.tensor("text_features"), relative: 1e-5)
    let image = try ImageFeatures(location, exactly: true)
    let galleries = try #require(PocketModel.galleries())
    let squares = try Self.pictures.map {
      try Picture(reading: galleries.appending($0.components)).preparedForCLIP(side: image.preprocessing.side)
    }
    let pixels = image.preprocessing.pixels(squares, crop: .openAI)
    expectClose(image(pixels), try expected.tensor("image_features"), relative: 1e-5)
  }

  @Test("The UNet's prediction and the VAE's latents and pictures", arguments: [ConvolutionAlgorithm.exact, .fastest])
  func networks(algorithm: ConvolutionAlgorithm) throws {
    let limit: Float = algorithm == .exact ? 1e-5 : 5e-5
    let files = try ModelFiles(folder)
    let (unetFiles, vaeFiles) = (try files.unet(), try files.vae())
    let unet = try UNet(from: unetFiles.weights, unetFiles.configuration, lines: 16, algorithm: algorithm)
    let states = try expected.tensor("states")
    let noise = try expected.tensor("noise")
    for (row, time) in [(0, 981), (1, 21)] {
      let context = unet.context(states.elements(row * 77 * 192..<(row + 1) * 77 * 192, shape: [1, 77, 192]))
      let output = unet(noise, time: Float(time), context: context)
      expectClose(output, try expected.tensor(ByteString("unet.\(time)")), relative: limit, "\(time)")
    }
    let vae = try VAE(from: vaeFiles.weights, vaeFiles.configuration, lines: 16, algorithm: algorithm)
    let picture = try Picture(reading: #require(PocketModel.galleries()).appending("neon-night/castle.png"))
    let (mean, logVariance) = vae.encode(picture.values)
    expectClose(mean, try expected.tensor("mean"), relative: limit)
    expectClose(logVariance, try expected.tensor("log_variance"), relative: limit)
    let decoded = vae.decode(try expected.tensor("mean"))
    let elements = decoded.elements
    var middle: [Float] = []
    for line in 0..<3 * 128 where (32..<96).contains(line % 128) {
      middle += elements[line * 128 + 32..<line * 128 + 96]
    }
    expectClose(Tensor(middle, shape: [1, 3, 64, 64]), try expected.tensor("decoded"), relative: limit)
  }

  @Test("It fits into 32 MB")
  func size() throws {
    let files = try #require(FileManager.default.enumerator(atPath: folder.string))
    var bytes = 0
    while files.nextObject() is String {
      bytes += (files.fileAttributes?[.size] as? NSNumber)?.intValue ?? 0
    }
    #expect(bytes < 32_000_000)
  }
}

extension Picture {
  /// [1, 3, height, width], from −1 to 1.
  fileprivate var values: Tensor {
    let elements = (0..<3).flatMap { channel in
      stride(from: channel, to: pixels.count, by: 3).map { Float(Double(pixels[$0]) / 127.5 - 1) }
    }
    return Tensor(elements, shape: [1, 3, height, width])
  }
}
