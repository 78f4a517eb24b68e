import CLIPKit
import Files
import Raster
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Text and image encoders against transformers (Tools/reference/clip.py), whose values are computed in Float64.
///
/// Unit-norm features must agree to 2e-5; everything else to 1e-4 of its largest element. Transformers' own Float32 run is
/// off by up to 1.3e-6 of the former and 2e-5 of the latter, so the tests ask for 2e-6 and 1e-5 where rounding allows it.
@Suite struct EncoderTests {
  static let models = ["clip-quick", "clip-gelu", "clip-half"]

  private func expected(_ model: String) throws -> SafetensorsFile {
    try SafetensorsFile(Fixture.path(model).appending("expected.safetensors"))
  }

  private func ids(_ file: SafetensorsFile) throws -> [[Int]] {
    let ids = try file.tensor("input_ids")
    return (0..<ids.rows).map { row in ids.rows(row..<row + 1).elements.map { Int($0) } }
  }

  @Test("conditioning at every clip skip, pooled output and features of texts", arguments: models)
  func text(model: String) throws {
    let location = try ModelLocation(Fixture.path(model))
    let (encoder, projection) = (try TextEncoder(location), try TextProjection(location))
    let file = try expected(model)
    let ids = try ids(file)
    for (clipSkip, name) in [(1, "text.last_hidden_state"), (2, "text.skip_2"), (3, "text.skip_3")] {
      let conditioning = encoder.conditioning(ids, clipSkip: clipSkip)
      expectClose(conditioning, try file.tensor(ByteString(name)), relative: 1e-5, "\(model) \(name)")
    }
    let pooled = encoder.pooled(ids)
    expectClose(pooled, try file.tensor("text.pooled"), relative: 1e-5, model)
    let features = projection(pooled)
    expectClose(features, try file.tensor("text.features"), relative: 1e-5, model)
    expectClose(features.rowsNormalised(), try file.tensor("text.unit_features"), absolute: 2e-6, model)
  }

  @Test("pooled output and features of pictures", arguments: models, [1, 2])
  func image(model: String, threads: Int) throws {
    try Threads.with(threads) {
      let file = try expected(model)
      let pixels = try file.tensor("pixel_values")
      // Split numbers may stray as far as the project's own limits; exact ones only by rounding.
      for (exactly, relative, absolute) in [(true, Float(1e-5), Float(2e-6)), (false, 1e-4, 2e-5)] {
        let image = try ImageFeatures(ModelLocation(Fixture.path(model)), exactly: exactly)
        expectClose(image.encoder.pooled(pixels), try file.tensor("image.pooled"), relative: relative, model)
        let features = image(pixels)
        expectClose(features, try file.tensor("image.features"), relative: relative, model)
        expectClose(features.rowsNormalised(), try file.tensor("image.unit_features"), absolute: absolute, model)
      }
    }
  }

  @Test(
    "the same text encoder from every layout and naming",
    arguments: [
      "text-encoders/pipeline", "text-encoders/transformers-5", "text-encoders/sharded", "text-encoders/torch",
      "text-encoders/torch-legacy", "text-encoders/ldm.safetensors", "text-encoders/novelai.ckpt",
      "text-encoders/clip_l.safetensors",
    ])
  func layouts(path: String) throws {
    let encoder = try TextEncoder(ModelLocation(Fixture.path(path)))
    let reference = try TextEncoder(ModelLocation(Fixture.path("clip-half")))
    let ids = try ids(expected("clip-half"))
    expectClose(encoder.conditioning(ids), reference.conditioning(ids), path)
  }

  @Test("a missing, a surplus and a misshapen tensor are named")
  func wrongTensors() throws {
    let source = try SafetensorsFile(Fixture.path("clip-quick").appending("model.safetensors"))
    let configuration = try CLIPConfiguration(file: Fixture.path("clip-quick").appending("config.json"))
    var text = try #require(configuration.text)
    text.layerCount += 1
    #expect(throws: FileError.self) {
      try TextEncoder(from: TensorScope(clip: source).scoped("text_model"), text)
    }
    text.layerCount -= 2
    let scope = try TensorScope(clip: source).scoped("text_model")
    _ = try TextEncoder(from: scope, text)
    let surplus = #expect(throws: FileError.self) { try scope.checkAllTaken() }
    #expect(
      surplus?.description.contains("16 tensors too many for the model, such as \"text_model.encoder.layers.2.") == true
    )
    text.width = 40
    let misshapen = #expect(throws: FileError.self) {
      try TextEncoder(from: TensorScope(clip: source).scoped("text_model"), text)
    }
    #expect(misshapen?.description.contains("has the shape [664, 32]; [664, 40] was expected") == true)
  }

  @Test("pictures become pixels as in the processors of transformers")
  func pixels() throws {
    let colors: [UInt8] = (0..<32 * 32).flatMap { (pixel: Int) -> [UInt8] in
      [UInt8(pixel % 251), UInt8(pixel % 7 * 40), UInt8(255 - pixel % 256)]
    }
    let picture = Picture(width: 32, height: 32, pixels: colors)
    let pixels = ImagePreprocessing(side: 32).pixels([picture, picture], crop: .openAI)
    #expect(pixels.shape == [2, 3, 32, 32])
    // (v / 255 − mean) / deviation by hand for the second picture's pixel 5: 5, 200 and 250.
    let expected: [Float] = [-1.719270, 1.249457, 2.074797]
    for channel in 0..<3 { #expect(abs(pixels.elements[(3 + channel) * 1024 + 5] - expected[channel]) < 1e-5) }
  }
}
