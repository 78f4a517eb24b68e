import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite("encode and tokenize")
struct EncodeTests {
  // The second of the prompts in Tools/reference/clip.py, whose values are in expected.safetensors.
  static let prompt = "a photo of an astronaut riding a horse on mars"
  static let expected = clipFixture("clip-quick/expected.safetensors")
  // Float32 sums of up to 64 terms through 3 layers, in another order than PyTorch's.
  static let tolerance: Float = 1e-5

  @Test("Conditioning is what transformers gives, at every clip skip", arguments: [1, 2, 3])
  func conditioning(clipSkip: Int) throws {
    try withModelFolder { model, folder in
      let out = folder.appending("c.safetensors")
      let outcome = try Program.run(
        ["encode", Self.prompt, "-m", model, "--clip-skip", "\(clipSkip)", "-o", out.string, "--json"])
      #expect(outcome.code == 0 && outcome.errors == "")
      let file = try SafetensorsFile(out)
      #expect(file.names == ["conditioning"])
      let name: ByteString = clipSkip == 1 ? "text.last_hidden_state" : "text.skip_\(clipSkip)"
      let expected = try SafetensorsFile(FilePath(Self.expected)).tensor(name)
      expectClose(try file.tensor("conditioning"), expected.slice(1), relative: Self.tolerance)

      let json = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
      #expect(Set(json.keys) == ["text", "tokens", "shape", "textFeature", "out"])
      #expect(json["shape"] as? [Int] == [77, 32])
      #expect(json["tokens"] as? Int == 19)
    }
  }

  @Test("With a CLIP model there is the text's feature too")
  func textFeature() throws {
    try withModelFolder { model, folder in
      let out = folder.appending("c.safetensors")
      let outcome = try Program.run(["encode", Self.prompt, "-m", model, "--clip", model, "-o", out.string])
      #expect(outcome.code == 0 && outcome.errors == "")
      #expect(outcome.output == "\(out): conditioning [77, 32]\n")
      let expected = try SafetensorsFile(FilePath(Self.expected)).tensor("text.features")
      expectClose(
        try SafetensorsFile(out).tensor("text_feature"), expected.slice(1), relative: Self.tolerance)
    }
  }

  @Test("Emphasis multiplies what the plain words give; long texts and BREAK give more rows")
  func prompts() throws {
    try withModelFolder { model, folder in
      let out = folder.appending("c.safetensors")
      func conditioning(_ text: String) throws -> Tensor {
        let outcome = try Program.run(["encode", text, "-m", model, "-o", out.string, "--force"])
        #expect(outcome.code == 0 && outcome.errors == "")
        return try SafetensorsFile(out).tensor("conditioning")
      }
      let plain = try conditioning("a photo of a horse")
      let emphatic = try conditioning("a photo of a (horse:1.5)")
      func sum(_ tensor: Tensor, _ row: Int) -> Float { tensor.rows(row..<row + 1).elements.reduce(0, +) }
      // One factor on all rows but that of "horse", half as much again there (its place is found, not known).
      let factors = (0..<77).map { sum(emphatic, $0) / sum(plain, $0) }
      let common = factors[0]
      let stronger = factors.indices.filter { abs(factors[$0] / common - 1.5) < 1e-3 }
      #expect(!stronger.isEmpty && stronger == Array(stronger[0]...(stronger.last ?? 0)))
      #expect(factors.indices.allSatisfy { stronger.contains($0) || abs(factors[$0] / common - 1) < 1e-3 })
      #expect(try conditioning("a photo of a \\(horse\\)").elements != plain.elements)
      #expect(try conditioning("a BREAK photo").shape == [154, 32])
      #expect(try conditioning(String(repeating: "a photo of ", count: 30)).shape[0] > 77)
    }
  }

  @Test("What a text encoder cannot be asked for is refused, and nothing written")
  func refusals() throws {
    try withModelFolder { model, folder in
      let out = folder.appending("c.safetensors")
      let rest = ["-o", out.string]
      let hint = "aesgrad --help explains the usage"
      try Program.run(["encode", "x", "-m", model, "--clip-skip", "4"] + rest)
        .expectFailure(64, "--clip-skip 4: the text encoder has 3 layers", hint: hint)
      try Program.run(["encode", "x", "-m", model, "--clip", clipFixture("clip-gelu")] + rest)
        .expectFailure(
          66, "\(clipFixture("clip-gelu")): has no tokenizer (tokenizer.json, or vocab.json and merges.txt)")
      #expect(!FileManager.default.fileExists(atPath: out.string))
    }
  }

  @Test("A model that is cut short, or of another kind, is one line that says so")
  func brokenModels() throws {
    try withModelFolder { model, folder in
      let out = folder.appending("c.safetensors")
      func expectRefusal(_ model: FilePath, naming file: FilePath, _ problem: String) throws {
        let outcome = try Program.run(["encode", "x", "-m", model.string, "--clip", clipFolder, "-o", out.string])
        #expect(outcome.code == 65 && outcome.output == "")
        #expect(outcome.errorLines.first?.hasPrefix("error: \(file): \(problem)") == true, "\(outcome.errors)")
        #expect(outcome.errorLines.dropFirst().allSatisfy { $0.hasPrefix("  hint: ") })
      }
      let clipFolder = model
      // The whole header, and half of the numbers.
      let short = folder.appending("short.safetensors")
      let bytes = try InputFile(FilePath(clipFixture("clip-quick/model.safetensors"))).readAll(limit: 1 << 20)
      try OutputFile.write(Array(bytes.prefix(bytes.count / 2)), to: short, replacing: false)
      try expectRefusal(short, naming: short, "has a bad safetensors header: the tensors take ")

      let second = folder.appending("sd2.safetensors")
      try SafetensorsWriter.write(
        [
          WeightEntry("cond_stage_model.model.token_embedding.weight", Tensor([1], shape: [1, 1])),
          WeightEntry("model.diffusion_model.input_blocks.0.0.weight", Tensor([1], shape: [1, 1, 1, 1])),
        ], to: second, replacing: false)
      try expectRefusal(second, naming: second, "is a Stable Diffusion 2 checkpoint (text features of 1024)")

      let page = folder.appending("page.safetensors")
      try OutputFile.write(Array("<!DOCTYPE html>\n<html></html>".utf8), to: page, replacing: false)
      try expectRefusal(page, naming: page, "is a web page; ")
      #expect(!FileManager.default.fileExists(atPath: out.string))
    }
  }

  @Test("Where a file may not grow, writing it is an error, and nothing of it stays")
  func sizeLimit() throws {
    try withModelFolder { model, folder in
      let out = folder.appending("c.safetensors")
      let outcome = try Program.run(
        [],
        prepare: { process in
          let program = try #require(process.executableURL).path
          process.executableURL = URL(filePath: "/bin/sh")
          // One block of 512 bytes: enough for the message, not for the tensor.
          process.arguments = [
            "-c", "ulimit -f 1 && exec \"$0\" encode x -m \"$1\" -o \"$2\"", program, model, out.string,
          ]
        })
      outcome.expectFailure(74, "\(out): cannot be written (File too large)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.string) == ["clip-quick"])
    }
  }

  @Test("Ids are those of transformers, 77 of them")
  func tokens() throws {
    try withModelFolder { model, _ in
      let outcome = try Program.run(["tokenize", Self.prompt, "", "--clip", model, "--json"])
      #expect(outcome.code == 0 && outcome.errors == "")
      let json = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
      let tokens = try #require(json["tokens"] as? [[String: Any]])
      #expect(tokens.map { $0["text"] as? String } == [Self.prompt, ""])
      let expected = try SafetensorsFile(FilePath(Self.expected)).tensor("input_ids")
      for (token, row) in zip(tokens, [1, 0]) {
        #expect((token["ids"] as? [Int]) == expected.slice(row).elements.map { Int($0) })
      }
    }
  }

  @Test("Without --json the pieces are listed for people")
  func listing() throws {
    try withModelFolder { model, _ in
      let outcome = try Program.run(["tokenize", "a on", "--clip", model])
      #expect(outcome.code == 0 && outcome.errors == "")
      #expect(outcome.output == "a on: 2 of 75 tokens\n     320  a\n     517  on\n")
    }
  }

  @Test("A model is found in the hub's cache by its name, and the environment names the default")
  func hubName() throws {
    try withModelFolder { model, folder in
      let snapshots = folder.appending("hub/models--some--clip/snapshots")
      try FileManager.default.createDirectory(atPath: snapshots.string, withIntermediateDirectories: true)
      try FileManager.default.moveItem(atPath: model, toPath: snapshots.string + "/abc")
      try FileManager.default.createDirectory(
        atPath: folder.string + "/hub/models--some--clip/refs", withIntermediateDirectories: true)
      try OutputFile.write(
        Array("abc".utf8), to: folder.appending("hub/models--some--clip/refs/main"), replacing: false)
      let environment = ["HF_HUB_CACHE": folder.appending("hub").string]
      let named = try Program.run(["tokenize", "a", "--clip", "some/clip"], environment: environment)
      #expect(named.code == 0 && named.output == "a: 1 of 75 tokens\n     320  a\n")
      let variable = try Program.run(
        ["tokenize", "a"], environment: environment.merging(["AESGRAD_CLIP": "some/clip"]) { $1 })
      #expect(variable.output == named.output)
      let missing = try Program.run(
        ["tokenize", "a", "-m", clipFixture("text-encoders/ldm.safetensors")], environment: environment)
      #expect(missing.code == 66 && missing.output == "")
      #expect(missing.errorLines.first?.hasPrefix("error: openai/clip-vit-large-patch14: ") == true)
    }
  }
}
