import Aesthetic
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite("embed")
struct EmbedTests {
  /// As the search must list them.
  static let names = ["a.png", "b.jpg", "c.png", "d.png", "turned/e.jpg"]
  static let gallery = fixture("gallery")

  // Float32 sums of up to 96 terms in 2 layers, in another order than PyTorch's; pixels and weights are the same bits.
  static let tolerance: Float = 1e-5

  @Test(
    "Features, mean and direction are those of transformers on Pillow's pixels",
    arguments: [("openai", []), ("hf", ["--preprocess", "hf"]), ("drop", ["--alpha", "drop"])])
  func features(variant: String, options: [String]) throws {
    try withModelFolder { model, folder in
      let (out, perImage) = (folder.appending("a.safetensors"), folder.appending("f.safetensors"))
      let outcome = try Program.run(
        ["embed", Self.gallery, "--clip", model, "-o", out.string, "--per-image", perImage.string] + options)
      #expect(outcome.code == 0 && outcome.errors == "")
      #expect(outcome.output.hasPrefix("5 pictures, width 24, length of the mean "))

      let expected = try SafetensorsFile(FilePath(fixture("embed.safetensors"))).tensor(ByteString(variant))
      let file = try SafetensorsFile(perImage)
      expectClose(try file.tensor("features"), expected, relative: Self.tolerance)
      let names = try JSON(parsing: file.metadata["names"]?.bytes ?? [])
      #expect(names.array?.compactMap(\.string?.string) == Self.names.map { Self.gallery + "/" + $0 })

      let aesthetic = try SafetensorsFile(out)
      let mean = try #require(Aesthetic(features: expected))
      expectClose(try aesthetic.tensor("mean"), mean.mean, relative: Self.tolerance)
      expectClose(try aesthetic.tensor("aesthetic"), mean.direction, relative: Self.tolerance)
      #expect(aesthetic.metadata["count"] == "5")
      #expect(aesthetic.metadata["preprocess"] == (variant == "hf" ? "hf" : "openai"))
      #expect(aesthetic.metadata["model"] == "clip-quick")
    }
  }

  @Test("A .pt holds the raw mean, one row, as the A1111 extension does")
  func torch() throws {
    try withModelFolder { model, folder in
      let out = folder.appending("a.pt")
      let outcome = try Program.run(["embed", Self.gallery, "--clip", model, "-o", out.string, "--json"])
      #expect(outcome.code == 0 && outcome.errors == "")
      let file = try TorchFile(out)
      #expect(file.names.map { file.shape(of: $0) } == [[1, 24]])
      let expected = try #require(
        Aesthetic(features: SafetensorsFile(FilePath(fixture("embed.safetensors"))).tensor("openai")))
      let read = try Aesthetic(reading: file)
      expectClose(read.mean, expected.mean, relative: Self.tolerance)

      let json = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
      #expect(Set(json.keys) == ["model", "pictures", "failed", "width", "meanLength", "aesthetic"])
      #expect(json["failed"] as? Int == 0 && json["width"] as? Int == 24)
      #expect((json["pictures"] as? [String])?.count == 5)
      // Digit for digit what the file holds.
      #expect((json["aesthetic"] as? [Double])?.map { Float($0) } == read.direction.elements)
    }
  }

  @Test("A bad picture among good ones is named, and the rest is done")
  func partlyDone() throws {
    try withModelFolder { model, folder in
      let gallery = folder.appending("gallery")
      try FileManager.default.copyItem(atPath: Self.gallery, toPath: gallery.string)
      let bad = gallery.appending("b2.png")
      try OutputFile.write(Array("not a picture\n".utf8), to: bad, replacing: false)
      try OutputFile.write(Array("notes\n".utf8), to: gallery.appending("notes.txt"), replacing: false)
      let out = folder.appending("a.safetensors")
      let outcome = try Program.run(["embed", gallery.string, "--clip", model, "-o", out.string])
      #expect(outcome.code == 3)
      #expect(outcome.errorLines.count == 2)
      #expect(outcome.errorLines.first?.hasPrefix("error: \(bad): is a text file") == true)
      #expect(outcome.errorLines.last == "error: 1 of 6 pictures failed")
      #expect(try SafetensorsFile(out).metadata["count"] == "5")
    }
  }

  @Test("Where no picture is left, nothing is written")
  func nothingLeft() throws {
    try withModelFolder { model, folder in
      let empty = folder.appending("empty")
      try FileManager.default.createDirectory(atPath: empty.string, withIntermediateDirectories: true)
      let out = folder.appending("a.safetensors")
      let rest = ["--clip", model, "-o", out.string]
      try Program.run(["embed", empty.string] + rest)
        .expectFailure(66, "\(empty): holds no pictures (PNG, JPEG, WebP)")
      try Program.run(["embed", empty.string + "/none.png"] + rest)
        .expectFailure(66, "\(empty)/none.png: there is no such file")
      let text = folder.appending("text.png")
      try OutputFile.write(Array("not a picture\n".utf8), to: text, replacing: false)
      let outcome = try Program.run(["embed", text.string] + rest)
      #expect(outcome.code == 65 && outcome.output == "" && outcome.errorLines.count == 1)
      #expect(!FileManager.default.fileExists(atPath: out.string))
    }
  }

  @Test("An output that exists is refused before any work, and replaced only with --force")
  func existingOutput() throws {
    try withModelFolder { model, folder in
      let out = folder.appending("a.safetensors")
      try OutputFile.write([1], to: out, replacing: false)
      let arguments = ["embed", Self.gallery, "--clip", model, "-o", out.string]
      try Program.run(arguments).expectFailure(73, "\(out): exists already", hint: "--force replaces it")
      #expect(try InputFile(out).count == 1)
      #expect(try Program.run(arguments + ["--force"]).code == 0)
      #expect(try SafetensorsFile(out).names == ["aesthetic", "mean"])
    }
  }

  @Test("Output names that say no format, and two outputs in one, are wrong usage")
  func outputNames() throws {
    let hint = "aesgrad embed --help explains the usage"
    try Program.run(["embed", "x", "-o", "a.bin"])
      .expectFailure(64, "-o a.bin: the name must end in .safetensors or .pt", hint: hint)
    try Program.run(["embed", "x", "--per-image", "a.pt"])
      .expectFailure(64, "--per-image a.pt: the name must end in .safetensors", hint: hint)
    try Program.run(["embed", "x", "-o", "a.safetensors", "--per-image", "a.safetensors"])
      .expectFailure(64, "-o and --per-image name the same file", hint: hint)
  }

  @Test("A weight file in place of a CLIP model is named for what it is")
  func wrongModel() throws {
    try withTemporaryFolder { folder in
      let lora = folder.appending("style.safetensors")
      try SafetensorsWriter.write(
        [WeightEntry("lora_unet_x.lora_down.weight", Tensor([1, 2], shape: [1, 2]))], to: lora, replacing: false)
      let outcome = try Program.run(["embed", Self.gallery, "--clip", lora.string])
      #expect(outcome.code == 65 && outcome.output == "")
      #expect(outcome.errorLines.first?.hasPrefix("error: \(lora): is a LoRA (kohya), rank 1") == true)
    }
  }
}
