import Files
import Raster
import SystemPackage
import TestSupport
import Testing

/// Pictures that others are made from, and what stands beside the pictures; the latents are held to diffusers in Diffusion.
@Suite struct GenerateOriginalTests {
  /// Writes a picture of 64 × 64 pixels, all different, and returns it with its path.
  private func original(in folder: FilePath) throws -> (picture: Picture, path: FilePath) {
    let pixels = (0..<3 * 64 * 64).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 192) }
    let (picture, path) = (Picture(width: 64, height: 64, pixels: pixels), folder.appending("original.png"))
    try picture.writePNG(to: path, replacing: false)
    return (picture, path)
  }

  /// `generate` without a size: that of the original counts.
  private func run(_ model: String, _ folder: FilePath, _ more: [String]) throws -> Program.Outcome {
    try Program.run(
      ["generate", "-m", model, "-s", "42", "--steps", "2", "-o", folder.appending("out").string, "-q"] + more)
  }

  @Test("Outpainting adds what was asked for, and leaves every pixel of the picture as it was")
  func outpainting() throws {
    try withPipeline { model, folder in
      let (original, path) = try original(in: folder)
      let outcome = try run(
        model, folder, ["-p", "a horse", "--init-image", path.string, "--outpaint", "16,8,0,24"])
      #expect(outcome.code == 0 && outcome.errors == "", "\(outcome.errors)")
      let made = try Picture(reading: folder.appending("out").appending("00000-42.png"))
      #expect(made.width == 80 && made.height == 96)
      let kept = (0..<64).flatMap { y in (0..<64).map { x in made[x + 16, y + 8] } }
      #expect(kept == (0..<64).flatMap { y in (0..<64).map { x in original[x, y] } })
      // What was added is no border of one colour.
      #expect(Set((0..<96).map { made[3, $0].red }).count > 8)
    }
  }

  @Test("A file of prompts makes a picture for each, all with the same seed, a sheet of them, and a last preview")
  func prompts() throws {
    try withPipeline { model, folder in
      let (prompts, preview) = (folder.appending("prompts.txt"), folder.appending("preview.png"))
      try OutputFile.write(Array("a horse\na cat\n".utf8), to: prompts, replacing: false)
      let size = ["-W", "64", "-H", "64"]
      let outcome = try run(
        model, folder, ["--from-file", prompts.string, "--grid", "--preview", preview.string] + size)
      #expect(outcome.code == 0 && outcome.errors == "", "\(outcome.errors)")
      let out = folder.appending("out")
      #expect(try contents(of: out) == ["00000-42.png", "00001-42.png", "00002-grid.png"])
      let made = try ["00000-42.png", "00001-42.png"].map { try GenerateTests.text(out.appending($0).string) }
      #expect(made.map(\.prompt) == ["a horse", "a cat"] && made.map { $0.value("Seed") } == ["42", "42"])
      let single = try run(model, folder, ["-p", "a cat"] + size)
      #expect(single.code == 0)
      #expect(
        try Picture(reading: out.appending("00003-42.png")).pixels
          == Picture(reading: out.appending("00001-42.png")).pixels)
      #expect(try Picture(reading: preview).width == 64)
    }
  }

  @Test("A damaged picture and a mask of another size are refused, and nothing is written")
  func refusals() throws {
    try withPipeline { model, folder in
      let (original, path) = try original(in: folder)
      let (cut, mask) = (folder.appending("cut.png"), folder.appending("mask.png"))
      let bytes = try InputFile(path).readAll(limit: 1 << 20)
      try OutputFile.write(Array(bytes.prefix(300)), to: cut, replacing: false)
      try original.resized(width: 32, height: 64).writePNG(to: mask, replacing: false)
      try run(model, folder, ["-p", "a horse", "--init-image", cut.string])
        .expectFailure(65, "\(cut): is a damaged PNG picture: the file ends too early")
      try run(model, folder, ["-p", "a horse", "--init-image", path.string, "--mask", mask.string]).expectFailure(
        65, "\(mask): is a mask of 32x64 pixels; 64x64 were expected, as \(path) has")
      #expect((try? contents(of: folder.appending("out"))) == nil)
    }
  }
}
