import Files
import Foundation
import Raster
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Files of other programs while pictures are made. What they compute is held to its oracles in CLIPKit and Diffusion; here
/// it is to arrive in the picture.
@Suite struct GenerateAttachmentTests {
  private func pixels(_ model: String, _ folder: FilePath, _ prompt: String, _ more: [String] = []) throws -> [UInt8] {
    let made = try GenerateTests.report(model, folder, ["-p", prompt, "--steps", "2"] + more).pictures
    return try Picture(reading: FilePath(made[0].path)).pixels
  }

  private static let attachments = clipFixture("attachments")

  @Test("A LoRA is the same by option and by name, and counts by its strength")
  func loras() throws {
    try withPipeline { model, folder in
      let names = ["--lora-dir", Self.attachments]
      let plain = try pixels(model, folder, "a horse")
      let option = try pixels(model, folder, "a horse", ["--lora", "\(Self.attachments)/kohya.safetensors:0.8"])
      #expect(option != plain)
      #expect(try pixels(model, folder, "a horse<lora:kohya:0.8>", names) == option)
      #expect(try pixels(model, folder, "a horse", ["--lora", "kohya:0.8"] + names) == option)
      #expect(try pixels(model, folder, "a horse", ["--lora", "\(Self.attachments)/kohya.safetensors:0"]) == plain)
      #expect(try pixels(model, folder, "a horse<lora:kohya:0.4>", names) != option)
    }
  }

  @Test("A LoRA for the UNet reaches the UNet, a second weight is for it alone")
  func imageLoRA() throws {
    try withPipeline { model, folder in
      let key: ByteString = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
      try SafetensorsWriter.write(
        [
          WeightEntry(key + ".lora_up.weight", Tensor(randomWithSeed: 1, shape: [32, 2], scale: 1)),
          WeightEntry(key + ".lora_down.weight", Tensor(randomWithSeed: 2, shape: [2, 32], scale: 1)),
        ], metadata: [:], to: folder.appending("keys.safetensors"), replacing: false)
      let names = ["--lora-dir", folder.string]
      let plain = try pixels(model, folder, "a horse")
      let changed = try pixels(model, folder, "a horse<lora:keys>", names)
      #expect(changed != plain)
      #expect(try pixels(model, folder, "a horse<lora:keys:0:1>", names) == changed)
      #expect(try pixels(model, folder, "a horse<lora:keys:1:0>", names) == plain)
    }
  }

  @Test("A textual inversion is a word for the prompt and the negative prompt, found in its folder when it is named")
  func inversions() throws {
    try withPipeline { model, folder in
      let names = ["--embedding-dir", Self.attachments]
      let plain = try pixels(model, folder, "a horse of inversion-kohya")
      let taught = try pixels(model, folder, "a horse of inversion-kohya", names)
      #expect(taught != plain)
      #expect(
        try pixels(
          model, folder, "a horse of inversion-kohya",
          ["--embedding", "\(Self.attachments)/inversion-kohya.safetensors"]) == taught)
      #expect(
        try pixels(model, folder, "a horse", ["-n", "inversion-kohya"] + names)
          != pixels(model, folder, "a horse", ["-n", "inversion-kohya"]))
    }
  }

  @Test("A picture made with such files is made again, byte for byte, from what it says")
  func likeness() throws {
    try withPipeline { model, folder in
      let made = try GenerateTests.report(
        model, folder,
        [
          "-p", "a horse of inversion-kohya <lora:kohya:0.8>", "--lora-dir", Self.attachments, "--embedding-dir",
          Self.attachments, "--lora", "\(Self.attachments)/peft/adapter_model.safetensors:0.5", "--steps", "2",
        ]
      ).pictures[0]
      let again = folder.appending("again")
      let outcome = try Program.run(["generate", "--like", made.path, "-m", model, "-o", again.string])
      #expect(outcome.code == 0 && outcome.errors == "", "\(outcome.errors)")
      let name = try #require(contents(of: again).first)
      let bytes = try [FilePath(made.path), again.appending(name)].map { try InputFile($0).readAll(limit: 1 << 20) }
      #expect(bytes[0] == bytes[1])
    }
  }

  @Test("What cannot be found, and prompts that want different models, are refused before anything is drawn")
  func refusals() throws {
    try withPipeline { model, folder in
      let usage = "aesgrad --help explains the usage"
      try Program.run(GenerateTests.arguments(model, folder, ["-p", "a <lora:none>"])).expectFailure(
        64, "The prompt asks for the LoRA \"none\", but no folder is named: --lora-dir", hint: usage)
      try Program.run(
        GenerateTests.arguments(model, folder, ["-p", "a <lora:kohya:x>", "--lora-dir", Self.attachments])
      )
      .expectFailure(64, "<lora:kohya:x> has \"x\" where a number was expected", hint: usage)
      try Program.run(GenerateTests.arguments(model, folder, ["--hypernetwork", "none.pt"])).expectFailure(
        66, "none.pt: there is no such file", hint: "--hypernetwork-dir says where names are found")
      let prompts = folder.appending("prompts.txt")
      try OutputFile.write(Array("a horse\na horse <lora:kohya>\n".utf8), to: prompts, replacing: false)
      try Program.run([
        "generate", "--from-file", prompts.string, "-m", model, "--lora-dir", Self.attachments, "-o",
        folder.appending("out").string,
      ]).expectFailure(
        64,
        "The prompts \"a horse\" and \"a horse <lora:kohya>\" ask for different LoRAs or hypernetworks; pictures of one call "
          + "share them", hint: usage)
      #expect(!FileManager.default.fileExists(atPath: folder.appending("out").string))
    }
  }
}
