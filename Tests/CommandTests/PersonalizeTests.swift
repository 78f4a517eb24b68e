import Files
import Foundation
import Glibc
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite("personalize")
struct PersonalizeTests {
  static let prompt = "a photo of an astronaut riding a horse on mars"

  /// Lends `body` the model's folder, an aesthetic of its width in it, and the folder above.
  private func withAesthetic(_ body: (_ model: String, _ aesthetic: String, _ folder: FilePath) throws -> Void) throws {
    try withModelFolder { model, folder in
      let path = folder.appending("a.safetensors")
      let mean = Tensor((0..<24).map { Float($0 % 5) - 1.7 }, shape: [24])
      try SafetensorsWriter.write([WeightEntry("mean", mean)], to: path, replacing: false)
      try body(model, path.string, folder)
    }
  }

  private struct Report: Decodable {
    let similarity: [Float]
    let seconds: Double
    let mode: String
  }

  private func report(_ arguments: [String]) throws -> Report {
    let outcome = try Program.run(["personalize"] + arguments + ["--json", "-q"])
    #expect(outcome.code == 0 && outcome.errors == "")
    return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
  }

  @Test("The similarity is told before the first and after every step, and rises")
  func curve() throws {
    try withAesthetic { model, aesthetic, folder in
      let common = ["-p", Self.prompt, "--aesthetic", aesthetic, "-m", model, "--lr", "1e-3"]
      let whole = try report(common)
      #expect(whole.similarity.count == 21 && whole.mode == "exact")
      #expect(zip(whole.similarity, whole.similarity.dropFirst()).allSatisfy { $0 < $1 })
      // `encode` and the definition of the cosine give the first one.
      let plain = folder.appending("p.safetensors")
      _ = try Program.run(["encode", Self.prompt, "-m", model, "--clip", model, "-o", plain.string])
      let feature = try SafetensorsFile(plain).tensor("text_feature")
      let mean = try SafetensorsFile(FilePath(aesthetic)).tensor("mean")
      let cosine = feature.dot(mean) / (feature.dot(feature) * mean.dot(mean)).squareRoot()
      #expect(abs(whole.similarity[0] - cosine) < 1e-6)

      let sufficient = whole.similarity[4]
      let stopped = try report(common + ["--until", "\(sufficient)"])
      #expect(stopped.similarity == Array(whole.similarity[...4]))
    }
  }

  @Test("With a CLIP model that says what all pictures share, steps go towards what sets the aesthetic apart")
  func pictureMean() throws {
    try withAesthetic { model, aesthetic, folder in
      let common = Tensor((0..<24).map { Float($0 % 7) - 2 }, shape: [24])
      let mean = try SafetensorsFile(FilePath(aesthetic)).tensor("mean")
      let along = mean.dot(common) / common.dot(common)
      let apart = folder.appending("apart.safetensors")
      try SafetensorsWriter.write([WeightEntry("mean", mean + -along * common)], to: apart, replacing: false)
      let rest = ["-p", Self.prompt, "-m", model, "--lr", "1e-3", "--steps", "5"]
      let raw = try report(["--aesthetic", aesthetic] + rest)
      let expected = try report(["--aesthetic", apart.string] + rest)
      let file = FilePath(model).appending("picture_mean.safetensors")
      try SafetensorsWriter.write([WeightEntry("mean", common)], to: file, replacing: false)
      let found = try report(["--aesthetic", aesthetic] + rest)
      for (found, expected) in zip(found.similarity, expected.similarity) {
        // The target is rounded, and Adam divides by small gradients.
        #expect(abs(found - expected) < 1e-5)
      }
      #expect(abs(found.similarity[0] - raw.similarity[0]) > 0.01)

      try SafetensorsWriter.write([WeightEntry("mean", mean)], to: file, replacing: true)
      try Program.run(["personalize", "--aesthetic", aesthetic] + rest).expectFailure(
        65, "\(model): has a CLIP model to which this aesthetic says no more than what all pictures share")
    }
  }

  @Test("0 steps, weight 0 and an empty prompt give the plain conditioning to the bit")
  func plain() throws {
    try withAesthetic { model, aesthetic, folder in
      let (out, plain) = (folder.appending("c.safetensors"), folder.appending("p.safetensors"))
      let long = String(repeating: "a photo of ", count: 30)
      for (prompt, extra) in [
        (Self.prompt, ["--steps", "0"]), (Self.prompt, ["--weight", "0", "--clip-skip", "2"]), ("", []),
        ("", ["-p", "x"]),
      ] {
        _ = try report(["-p", prompt, "--aesthetic", aesthetic, "-m", model, "-o", out.string, "--force"] + extra)
        let skip = extra.contains("--clip-skip") ? ["--clip-skip", "2"] : []
        _ = try Program.run(["encode", prompt, "-m", model, "-o", plain.string, "--force"] + skip)
        let (found, expected) = try (SafetensorsFile(out), SafetensorsFile(plain))
        #expect(try found.tensor("conditioning").elements == expected.tensor("conditioning").elements, "\(prompt)")
      }
      _ = try report(["-p", long, "--aesthetic", aesthetic, "-m", model, "-o", out.string, "--force"])
      let shape = try #require(try SafetensorsFile(out).shape(of: "conditioning"))
      #expect(shape[0] % 77 == 0 && shape[0] > 77 && shape[1] == 32)
    }
  }

  @Test("Emphasis does not touch the steps, and is applied to what the personalised encoder gives")
  func emphasis() throws {
    try withAesthetic { model, aesthetic, folder in
      let (emphatic, plain) = (folder.appending("e.safetensors"), folder.appending("p.safetensors"))
      let delta = folder.appending("d.safetensors")
      let common = ["--aesthetic", aesthetic, "-m", model, "--lr", "1e-3"]
      let one = try report(["-p", "a (photo:1.4) of mars", "-o", emphatic.string, "--delta", delta.string] + common)
      let other = try report(["-p", "a photo of mars", "-o", plain.string] + common)
      #expect(one.similarity == other.similarity)
      let found = try SafetensorsFile(emphatic).tensor("conditioning")
      #expect(try found.elements != SafetensorsFile(plain).tensor("conditioning").elements)
      let encoded = folder.appending("c.safetensors")
      _ = try Program.run(
        ["encode", "a (photo:1.4) of mars", "-m", model, "--delta", delta.string, "-o", encoded.string])
      // A delta is kept as differences, which rounds weights once more.
      expectClose(try SafetensorsFile(encoded).tensor("conditioning"), found, relative: 1e-5)
    }
  }

  @Test("An empty prompt is said to be left alone")
  func emptyPrompt() throws {
    try withAesthetic { model, aesthetic, _ in
      let outcome = try Program.run(["personalize", "-p", "", "--aesthetic", aesthetic, "-m", model])
      #expect(outcome.code == 0)
      #expect(outcome.errors == "note: an empty prompt is not personalised; it is encoded as it is\n")
    }
  }

  @Test("Prompts from a file count as those of the command line, and a delta says what it belongs to")
  func promptsFile() throws {
    try withAesthetic { model, aesthetic, folder in
      let list = folder.appending("prompts.txt")
      try OutputFile.write(Array("a photo\n\na horse on mars\r\n".utf8), to: list, replacing: false)
      let common = ["--aesthetic", aesthetic, "-m", model, "--steps", "3"]
      let delta = folder.appending("d.safetensors")
      let fromFile = try report(common + ["--prompts", list.string, "--delta", delta.string])
      let fromLine = try report(common + ["-p", "a photo", "-p", "a horse on mars"])
      #expect(fromFile.similarity == fromLine.similarity)
      let metadata = try SafetensorsFile(delta).metadata
      #expect(metadata["kind"] == "delta" && metadata["steps"] == "3" && metadata["mode"] == "exact")
      #expect(metadata["base"] == "40c5f2ef6bc49f3f6303a777e9167595446970a74827dd973ab32810ebe6c19a")
      #expect(metadata["similarity_after"] == ByteString("\(fromFile.similarity[3])"))
    }
  }

  @Test("encode with the delta gives what personalize gave, and with the strength 0 what it gives without")
  func deltaApplied() throws {
    try withAesthetic { model, aesthetic, folder in
      func path(_ name: String) -> String { folder.appending(name).string }
      func conditioning(_ name: String) throws -> Tensor {
        try SafetensorsFile(FilePath(path(name))).tensor("conditioning")
      }
      _ = try report([
        "-p", Self.prompt, "--aesthetic", aesthetic, "-m", model, "--lr", "1e-3", "-o", path("tuned"), "--delta",
        path("d"),
      ])
      let encode = ["encode", Self.prompt, "-q", "-m", model]
      for (out, extra) in [("plain", []), ("none", ["--delta", path("d") + ":0"]), ("whole", ["--delta", path("d")])] {
        #expect(try Program.run(encode + extra + ["-o", path(out)]).code == 0)
      }
      #expect(try conditioning("none").elements == conditioning("plain").elements)
      // The weights differ by a rounding each; the conditioning is of sums of up to 64 terms of them, through 3 layers.
      expectClose(try conditioning("whole"), try conditioning("tuned"), relative: 1e-5)
      let shift = zip(try conditioning("tuned").elements, try conditioning("plain").elements).map { abs($0 - $1) }
      #expect(shift.max() ?? 0 > 0.1)

      let other = try Program.run([
        "encode", "x", "-m", clipFixture("clip-gelu"), "--clip", model, "--delta", path("d"), "-o", path("x"),
      ])
      #expect(other.code == 65 && !FileManager.default.fileExists(atPath: path("x")))
    }
  }

  @Test("Factors of low rank: a small delta, and encode with it gives what personalize gave")
  func lowRank() throws {
    try withAesthetic { model, aesthetic, folder in
      func path(_ name: String) -> String { folder.appending(name).string }
      let common = ["-p", Self.prompt, "--aesthetic", aesthetic, "-m", model, "--lr", "1e-3", "--mode", "low-rank"]
      let whole = try report(common + ["--rank", "4", "-o", path("tuned"), "--delta", path("d")])
      #expect(whole.similarity.count == 21 && whole.mode == "low-rank")
      #expect(zip(whole.similarity, whole.similarity.dropFirst()).allSatisfy { $0 < $1 })
      let file = try SafetensorsFile(FilePath(path("d")))
      #expect(file.metadata["mode"] == "low-rank" && file.metadata["rank"] == "4")
      #expect(file.shape(of: "text_model.encoder.layers.2.mlp.fc1.weight.down") == [4, 32])
      #expect(file.names.count == 36)
      _ = try Program.run(["encode", Self.prompt, "-q", "-m", model, "--delta", path("d"), "-o", path("applied")])
      let (tuned, applied) = try (SafetensorsFile(FilePath(path("tuned"))), SafetensorsFile(FilePath(path("applied"))))
      #expect(tuned.metadata["mode"] == "low-rank")
      // The factors' products are added to the weights here, to what the weights give there: sums in another order.
      expectClose(try applied.tensor("conditioning"), try tuned.tensor("conditioning"), relative: 1e-5)

      let stopped = try report(common + ["--rank", "4", "--until", "\(whole.similarity[4] - 1e-4)"])
      #expect(stopped.similarity.count == 5)
      // 16 by default.
      _ = try report(common + ["--steps", "1", "--delta", path("standard")])
      #expect(try SafetensorsFile(FilePath(path("standard"))).metadata["rank"] == "16")
    }
  }

  @Test("Weights that are not finite are refused before any work")
  func notFinite() throws {
    try withAesthetic { model, aesthetic, folder in
      let weights = model + "/model.safetensors"
      let source = try SafetensorsFile(FilePath(weights))
      let bad: ByteString = "text_model.encoder.layers.1.mlp.fc1.weight"
      let entries = try source.names.map { name in
        let tensor = try source.tensor(name)
        var elements = tensor.elements
        if name == bad { elements[77] = .infinity }
        return WeightEntry(name, Tensor(elements, shape: tensor.shape))
      }
      try SafetensorsWriter.write(entries, to: FilePath(weights), replacing: true)
      let out = folder.appending("c.safetensors")
      let arguments = ["personalize", "-p", "x", "--aesthetic", aesthetic, "-m", model, "-o", out.string]
      try Program.run(arguments).expectFailure(
        65, "\(model): the tensor \"\(bad)\" holds numbers that are not finite; all of them must be",
        hint: "the file is damaged, or its training went wrong; `aesgrad info` counts them")
      #expect(!FileManager.default.fileExists(atPath: out.string))
    }
  }

  @Test("What cannot be meant is refused, and nothing written")
  func refusals() throws {
    try withAesthetic { model, aesthetic, folder in
      let wide = folder.appending("wide.safetensors")
      try SafetensorsWriter.write(
        [WeightEntry("x", Tensor([Float](repeating: 1, count: 1024), shape: [1024]))], to: wide, replacing: false)
      let before = try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted()
      let out = ["-m", model, "-o", folder.appending("c.safetensors").string]
      let usage = "aesgrad personalize --help explains the usage"
      func run(_ arguments: [String]) throws -> Program.Outcome { try Program.run(["personalize"] + arguments + out) }
      try run(["-p", "x", "--aesthetic", wide.string]).expectFailure(
        65, "\(wide): is an aesthetic of width 1024 (OpenCLIP ViT-H, Stable Diffusion 2.x); 24 was expected",
        hint: "make one for this model with `aesgrad embed`")
      for (option, value, problem) in [
        ("--steps", "-1", "0 or more are needed"), ("--lr", "0.0", "a finite number above 0 is needed"),
        ("--lr", "nan", "a finite number above 0 is needed"), ("--weight", "1.5", "a number from 0 to 1 is needed"),
        ("--until", "2.0", "a similarity lies between -1 and 1"),
      ] {
        try run(["-p", "x", "--aesthetic", aesthetic, option, value])
          .expectFailure(64, "\(option) \(value): \(problem)", hint: usage)
      }
      for rank in ["0", "-3"] {
        try run(["-p", "x", "--aesthetic", aesthetic, "--mode", "low-rank", "--rank", rank])
          .expectFailure(64, "--rank \(rank): 1 or more are needed", hint: usage)
      }
      try run(["-p", "x", "--aesthetic", aesthetic, "--mode", "low-rank", "--rank", "33"]).expectFailure(
        64, "--rank 33: at most 32 are possible, the text encoder's width",
        hint: "aesgrad --help explains the usage")
      try run(["-p", "x", "--aesthetic", aesthetic, "--rank", "4"])
        .expectFailure(64, "--rank 4: only --mode low-rank has factors", hint: usage)
      #expect(try run(["-p", "x", "--aesthetic", aesthetic, "--mode", "fast"]).code == 64)
      try run(["--aesthetic", aesthetic])
        .expectFailure(64, "No prompt is given: -p gives one, --prompts a file", hint: usage)
      try Program.run(["personalize", "-p", "x", "--aesthetic", aesthetic, "-m", model, "--delta", aesthetic])
        .expectFailure(73, "\(aesthetic): exists already", hint: "--force replaces it")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted() == before)
    }
  }

  @Test("Ctrl-C ends it within a second and leaves nothing", arguments: ["exact", "low-rank"])
  func interruption(mode: String) throws {
    try withAesthetic { model, aesthetic, folder in
      let before = try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted()
      let clock = ContinuousClock()
      var sent = clock.now
      let arguments = [
        "personalize", "-p", "x", "--aesthetic", aesthetic, "-m", model, "--steps", "1000000000", "--mode", mode,
        "-o", folder.appending("c.safetensors").string, "--delta", folder.appending("d.safetensors").string,
      ]
      let outcome = try Program.run(
        arguments,
        meanwhile: { process in
          try Program.waitUntilCaught(SIGINT, by: process)
          sent = clock.now
          kill(process.processIdentifier, SIGINT)
        })
      // A second, and what other tests on the same cores take away.
      #expect(clock.now - sent < .seconds(3))
      #expect(outcome.code == 130 && outcome.output == "" && outcome.errors == "")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted() == before)
    }
  }
}
