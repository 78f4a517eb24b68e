import Aesthetic
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite("personalize")
struct PersonalizeTests {
  static let prompt = EncodeTests.prompt

  /// Lends `body` a model folder, and in another the mean of the gallery's features as a .pt file.
  private func withModelAndAesthetic(_ body: (_ model: String, _ aesthetic: String, _ folder: FilePath) throws -> Void)
    throws
  {
    try withModelFolder { model, folder in
      let features = try SafetensorsFile(FilePath(fixture("embed.safetensors"))).tensor("openai")
      let path = folder.appending("taste.pt")
      try #require(Aesthetic(features: features)).writeTorch(to: path, replacing: false)
      try body(model, path.string, folder)
    }
  }

  @Test("Similarity at every step, and the conditioning, are those of transformers with torch's Adam")
  func exact() throws {
    try withModelAndAesthetic { model, aesthetic, folder in
      let out = folder.appending("c.safetensors")
      let outcome = try Program.run(
        ["personalize", "-p", Self.prompt, "--aesthetic", aesthetic, "-m", model, "-o", out.string, "--json"])
      #expect(outcome.code == 0 && outcome.errors == "")
      let json = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
      #expect(Set(json.keys) == ["similarity", "seconds", "mode"])
      #expect(json["mode"] as? String == "exact")

      let expected = try SafetensorsFile(FilePath(fixture("personalize.safetensors")))
      let curve = try expected.tensor("similarity").elements
      let found = try #require(json["similarity"] as? [Double]).map { Float($0) }
      try #require(found.count == 21 && curve.count == 21)
      // Adam's first steps follow the gradient's signs, so rounding can flip a step where the gradient is near 0.
      for (found, expected) in zip(found, curve) { #expect(abs(found - expected) <= 2e-5) }

      let plain = try SafetensorsFile(FilePath(EncodeTests.expected)).tensor("text.last_hidden_state").slice(1)
      let wanted = try expected.tensor("conditioning")
      let given = try SafetensorsFile(out).tensor("conditioning")
      #expect(given.shape == [77, 32])
      #expect(distance(given, wanted) <= 1e-3 * distance(wanted, plain))
    }
  }

  @Test("No steps give the plain encoder; --until stops early")
  func steps() throws {
    try withModelAndAesthetic { model, aesthetic, folder in
      let out = folder.appending("c.safetensors")
      let common = ["personalize", "-p", Self.prompt, "--aesthetic", aesthetic, "-m", model]
      let none = try Program.run(common + ["--steps", "0", "-o", out.string])
      #expect(none.code == 0 && none.output.hasPrefix("similarity -0.1474 ▁ -0.1474, 0 steps in "))
      let plain = try SafetensorsFile(FilePath(EncodeTests.expected)).tensor("text.last_hidden_state").slice(1)
      expectClose(try SafetensorsFile(out).tensor("conditioning"), plain, relative: EncodeTests.tolerance)
      // By the fixture, the ninth similarity is the first above 0.02.
      let until = try Program.run(common + ["--until", "0.02"])
      #expect(until.code == 0 && until.output.contains(" ▁▂▃▄▅▅▆▇█ ") && until.output.contains(", 8 steps in "))
    }
  }

  @Test("One encoder for several prompts: a conditioning for each")
  func severalPrompts() throws {
    try withModelAndAesthetic { model, aesthetic, folder in
      let out = folder.appending("c.safetensors")
      let outcome = try Program.run(
        ["personalize", "-p", "a cat", "-p", "a dog", "--aesthetic", aesthetic, "-m", model, "-o", out.string])
      #expect(outcome.code == 0 && outcome.errors == "")
      #expect(try SafetensorsFile(out).shape(of: "conditioning") == [2, 77, 32])
    }
  }

  @Test("What cannot be personalised is one line, and nothing is written")
  func refusals() throws {
    try withModelAndAesthetic { model, aesthetic, folder in
      let out = folder.appending("c.safetensors")
      let hint = "aesgrad personalize --help explains the usage"
      func run(
        _ aesthetic: String, model: String, prompt: String = Self.prompt, _ more: [String] = []
      ) throws
        -> Program.Outcome
      {
        try Program.run(
          ["personalize", "-p", prompt, "--aesthetic", aesthetic, "-m", model, "-o", out.string] + more)
      }
      try run(aesthetic, model: model, ["--steps=-1"])
        .expectFailure(64, "--steps -1: at least 0 is needed", hint: hint)
      try run(aesthetic, model: model, ["--lr", "0"])
        .expectFailure(64, "--lr 0.0: a number above 0 is needed", hint: hint)
      try run(aesthetic, model: model, prompt: "").expectFailure(
        64, "--prompt: the empty prompt is never personalised; the plain encoder gives its conditioning", hint: hint)

      for (name, elements, problem) in [
        ("zero", [Float](repeating: 0, count: 24), "is zero everywhere, so it has no direction"),
        ("nan", [.nan] + [Float](repeating: 1, count: 23), "holds numbers that are not finite, so it is no aesthetic"),
      ] {
        let path = folder.appending(name + ".pt")
        try TorchWriter.write(tensor: WeightEntry("x", Tensor(elements, shape: [1, 24])), to: path, replacing: false)
        try run(path.string, model: model).expectFailure(65, "\(path): \(problem)")
      }
      let wide = folder.appending("sd2.pt")
      try TorchWriter.write(
        tensor: WeightEntry("x", Tensor([Float](repeating: 1, count: 1024), shape: [1024])), to: wide, replacing: false)
      try run(wide.string, model: model).expectFailure(
        65, "\(wide): is an aesthetic of width 1024 (OpenCLIP ViT-H, Stable Diffusion 2.x); 24 was expected",
        hint: "make one for this model with `aesgrad embed`")

      let broken = folder.appending("broken")
      try FileManager.default.copyItem(atPath: model, toPath: broken.string)
      try breakWeights(of: broken)
      try run(aesthetic, model: broken.string).expectFailure(
        65, "\(broken): gives numbers that are not finite, so its weights are broken")
      #expect(!FileManager.default.fileExists(atPath: out.string))
    }
  }

  /// Puts a NaN into a weight of the last layer.
  private func breakWeights(of folder: FilePath) throws {
    let path = folder.appending("model.safetensors")
    let file = try SafetensorsFile(path)
    let entries = try file.names.map { name in
      var tensor = try file.tensor(name)
      if name == "text_model.encoder.layers.2.mlp.fc2.bias" {
        tensor = Tensor([.nan] + tensor.elements.dropFirst(), shape: tensor.shape)
      }
      return WeightEntry(name, tensor)
    }
    try FileManager.default.removeItem(atPath: path.string)  // a link to the fixture
    try SafetensorsWriter.write(entries, to: path, replacing: false)
  }

  private func distance(_ left: Tensor, _ right: Tensor) -> Double {
    zip(left.elements, right.elements).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
  }
}
