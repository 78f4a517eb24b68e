import Aesthetic
import Files
import Foundation
import Raster
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Lends `body` a small Stable Diffusion pipeline with tokenizer and CLIP model, and a folder for pictures.
func withPipeline<Result>(
  _ name: String = "pipeline", _ body: (_ model: String, _ folder: FilePath) throws -> Result
) throws -> Result {
  try withTemporaryFolder { folder in
    let model = folder.appending("model")
    try SyntheticModel(name).write(to: model)
    for (part, source) in [("text_encoder", "clip-quick"), ("clip", "clip-quick"), ("tokenizer", "tokenizer")] {
      try FileManager.default.createSymbolicLink(
        atPath: model.appending(part).string, withDestinationPath: clipFixture(source))
    }
    return try body(model.string, folder)
  }
}

@Suite struct GenerateTests {
  static let prompt = "a photo of a horse on mars"

  /// What `generate --json` prints.
  struct Report: Decodable {
    struct Made: Decodable {
      let path: String
      let seed: UInt64
    }
    let pictures: [Made]
  }

  static func arguments(_ model: String, _ folder: FilePath, _ more: [String] = []) -> [String] {
    [
      "generate", "-p", prompt, "-n", "blurry", "-m", model, "-W", "64", "-H", "64", "--seed", "42",
      "-o", folder.appending("out").string,
    ] + (more.contains("--steps") ? [] : ["--steps", "10"]) + more
  }

  static func report(_ model: String, _ folder: FilePath, _ more: [String] = []) throws -> Report {
    let outcome = try Program.run(arguments(model, folder, ["--json"] + more))
    #expect(outcome.code == 0 && outcome.errors == "", "\(outcome.errors)")
    return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
  }

  static func text(_ path: String) throws -> GenerationText {
    let texts = try PictureInfo(reading: InputFile(FilePath(path)).pictureBytes()).texts
    return GenerationText(try #require(texts.first { $0.key == "parameters" }).value)
  }

  /// Expects the pixels that diffusers rounds its own to; values within the latents' tolerance of a half may go either way.
  @Test("The picture is the one that diffusers makes of the same prompt and seed, and says how it was made")
  func picture() throws {
    try withPipeline { model, folder in
      let outcome = try Program.run(Self.arguments(model, folder))
      let path = folder.appending("out").appending("00000-42.png")
      #expect(outcome.code == 0 && outcome.errors == "", "\(outcome.errors)")
      #expect(outcome.output == path.string + "\n")
      let picture = try Picture(reading: path)
      let expected = try SyntheticModel("pipeline").expected.tensor("pixels").elements
      let differences = zip(picture.pixels, expected).map { abs(Float($0) - $1) }
      let (worst, off) = (differences.max() ?? 255, differences.count { $0 > 0 })
      #expect(picture.pixels.count == expected.count && worst <= 1 && off < 64)

      let text = try Self.text(path.string)
      #expect(text.prompt == Self.prompt && text.negativePrompt == "blurry")
      let weights = try InputFile(FilePath(model).appending("unet/diffusion_pytorch_model.safetensors"))
      let hash = PictureRecord.hash(of: try weights.readAll(limit: 1 << 24)).prefix(10)
      let lines = text.settings.map { "\($0.name): \($0.value)" }
      #expect(
        lines == [
          "Steps: 10", "Sampler: DDIM", "CFG scale: 7.5", "Seed: 42", "Size: 64x64", "Model hash: \(hash)",
          "Model: model", "RNG: CPU", "Version: aesgrad 0.1.0",
        ])
    }
  }

  @Test("Each picture of several has a seed of its own, and what is there is never written over")
  func several() throws {
    try withPipeline { model, folder in
      let both = try Self.report(model, folder, ["-b", "2", "--steps", "2"]).pictures
      #expect(both.map(\.seed) == [42, 43])
      let second = try Self.report(model, folder, ["--steps", "2", "--seed", "43"]).pictures
      #expect(try contents(of: folder.appending("out")) == ["00000-42.png", "00001-43.png", "00002-43.png"])
      let bytes = try [both[1], second[0]].map { try InputFile(FilePath($0.path)).readAll(limit: 1 << 20) }
      #expect(bytes[0] == bytes[1])
    }
  }

  @Test("Emphasis, schedules, AND and long prompts reach the picture; a prompt said in another way gives the same one")
  func prompts() throws {
    try withPipeline { model, folder in
      func pixels(_ prompt: String, _ more: [String] = []) throws -> [UInt8] {
        let made = try Self.report(model, folder, ["-p", prompt, "--steps", "4"] + more).pictures
        return try Picture(reading: FilePath(made[0].path)).pixels
      }
      let plain = try pixels("a horse")
      for same in ["[a horse:a cat:4]", "a [horse|horse]", "(a horse:1.0)"] {
        let found = try pixels(same)
        #expect(found == plain, "\(same)")
      }
      let others = [
        "{a horse}", "[a horse:a cat:2]", "[a horse|a cat]", "a horse AND a cat :0.5", "(a horse:1.3)",
        Array(repeating: "a horse on mars", count: 30).joined(separator: ", "),
      ]
      for other in others {
        let found = try pixels(other)
        #expect(found != plain, "\(other)")
      }
      for option in [["--clip-skip", "2"], ["--rng", "cuda"], ["-n", others[5]], ["-W", "72"]] {
        let found = try pixels("a horse", option)
        #expect(found != plain, "\(option)")
      }
      let (braces, strong) = (try pixels("{a horse}"), try pixels("{a horse}", ["--emphasis", "novelai"]))
      #expect(braces != strong && strong != plain)
      let between = try pixels("a horse AND a cat", ["--mix"])
      #expect(between != plain)
      let lean = try pixels("a horse", ["--low-memory"])
      #expect(lean == plain)
    }
  }

  @Test("Every sampler is known by name, and says it as A1111 does")
  func samplers() throws {
    try withPipeline { model, folder in
      for (name, more, title) in [
        ("plms", [], "PLMS"), ("euler", [], "Euler"), ("euler-a", [], "Euler a"), ("dpm++2m", [], "DPM++ 2M"),
        ("dpm++2m", ["--schedule", "karras"], "DPM++ 2M Karras"), ("ddim", ["--eta", "0.5"], "DDIM"),
      ] as [(String, [String], String)] {
        let made = try Self.report(model, folder, ["--sampler", name, "--steps", "2"] + more).pictures
        #expect(try Self.text(made[0].path).value("Sampler") == title)
      }
    }
  }

  @Test("What cannot be meant is refused, and nothing written")
  func refusals() throws {
    try withPipeline { model, folder in
      let usage = "aesgrad generate --help explains the usage"
      for (option, value, problem) in [
        ("--steps", "0", "a number from 1 to 1000 is needed"), ("--steps", "-3", "a number from 1 to 1000 is needed"),
        ("-W", "60", "a multiple of 8 from 64 to 8192 is needed"),
        ("-H", "0", "a multiple of 8 from 64 to 8192 is needed"),
        ("--cfg-scale", "nan", "a number of 1 or more is needed"), ("--eta", "2.0", "a number from 0 to 1 is needed"),
        ("--sampler", "heun", "there are ddim, plms, euler, euler-a, dpm++2m"),
        ("-b", "0", "a number from 1 to 100000 is needed"),
      ] {
        let name = ["-W": "--width", "-H": "--height", "-b": "--count"][option] ?? option
        try Program.run(Self.arguments(model, folder, [option, value]))
          .expectFailure(64, "\(name) \(value): \(problem)", hint: usage)
      }
      try Program.run(Self.arguments(model, folder, ["--schedule", "karras"])).expectFailure(
        64, "--schedule karras: ddim and plms have steps of their own; the other samplers know it",
        hint: "aesgrad --help explains the usage")
      try Program.run(Self.arguments(model, folder, ["--vae", "none.pt"]))
        .expectFailure(66, "none.pt: there is no such file")
      #expect(!FileManager.default.fileExists(atPath: folder.appending("out").string))
      let file = folder.appending("file")
      try OutputFile.write([1], to: file, replacing: false)
      #expect(try Program.run(Self.arguments(model, folder, ["-o", file.string])).code == 73)
      try Program.run(Self.arguments(clipFixture("clip-quick"), folder)).expectFailure(
        66, "\(clipFixture("clip-quick")): is no diffusers folder: it has no folder \"unet\"",
        hint: "name the folder with model_index.json, or a single-file checkpoint")
    }
  }

  /// How many pictures there are in a folder that may not be there yet.
  private func pictureCount(_ folder: FilePath) -> Int {
    guard let names = try? contents(of: folder) else { return 0 }
    return names.count { $0.hasSuffix(".png") }
  }

  @Test("Ctrl-C ends it within a second and keeps the pictures that are finished")
  func interruption() throws {
    try withPipeline { model, folder in
      let out = folder.appending("out")
      let clock = ContinuousClock()
      var sent = clock.now
      let outcome = try Program.run(
        Self.arguments(model, folder, ["-b", "100000", "--steps", "2"]),
        meanwhile: { process in
          for _ in 0..<600 {
            if pictureCount(out) >= 2 { break }
            usleep(100_000)
          }
          sent = clock.now
          kill(process.processIdentifier, SIGINT)
        })
      // A second, and what other tests on the same cores take away.
      #expect(clock.now - sent < .seconds(3))
      #expect(outcome.code == 130 && outcome.errors == "")
      let pictures = try contents(of: out)
      #expect(pictures.count >= 2 && pictures.allSatisfy { $0.hasSuffix(".png") })
      for name in pictures { #expect(try Picture(reading: out.appending(name)).width == 64) }
    }
  }
}
