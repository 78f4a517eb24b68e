import Aesthetic
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite("export")
struct ExportTests {
  /// Lends `body` a profile `warm` with a delta for `clip-quick`, learned in this mode.
  private func withDelta(_ mode: String, _ body: (Learned) throws -> Void) throws {
    try withModelFolder { model, folder in
      let learned = Learned(model: model, folder: folder)
      try learned.done(["profile", "create", "warm"])
      try learned.done(["rate", EmbedTests.gallery, "--like", "--profile", "warm"])
      try learned.done(
        ["learn", "warm", "--method", "mean", "--lr", "5e-4", "--mode", mode, "-m", model, "--clip", model]
          + (mode == "exact" ? [] : ["--rank", "4"]))
      try body(learned)
    }
  }

  private struct Learned {
    let model: String
    let folder: FilePath

    func path(_ name: String) -> String { folder.appending(name).string }

    func run(_ arguments: [String]) throws -> Program.Outcome {
      try Program.run(arguments, environment: ["AESGRAD_DB": path("a.sqlite")])
    }

    func done(_ arguments: [String]) throws {
      let outcome = try run(arguments)
      #expect(outcome.code == 0, "\(outcome.errors)")
    }

    /// The conditioning that `encode` gives with these options.
    func conditioning(_ options: [String], text: String = "a cat in a hat") throws -> Tensor {
      try done(["encode", text, "--clip", model, "-o", path("c.safetensors"), "--force"] + options)
      return try SafetensorsFile(folder.appending("c.safetensors")).tensor("conditioning")
    }

    func delta() throws -> (Delta, AestheticVersion) {
      let store = try Store(folder.appending("a.sqlite"))
      let profile = try store.profile(#require(ProfileName("warm")))
      return (try store.delta(#require(store.deltas(profile).last)), try store.latestVersion(profile))
    }
  }

  /// The largest difference as a share of the largest shift from `plain`.
  private func share(_ found: Tensor, _ expected: Tensor, _ plain: Tensor) -> Float {
    func largest(_ a: Tensor, _ b: Tensor) -> Float { zip(a.elements, b.elements).map { abs($0 - $1) }.max() ?? 0 }
    let shift = largest(expected, plain)
    #expect(shift > 0.1)
    return largest(found, expected) / shift
  }

  @Test("A LoRA does what the profile does, in single and in half precision, and says where it is from")
  func lora() throws {
    try withDelta("low-rank") { learned in
      let plain = try learned.conditioning(["-m", learned.model])
      let expected = try learned.conditioning(["-m", learned.model, "--profile", "warm"])
      // Sums in another order; then rounding of factors to 11 bits.
      for (half, limit) in [(false, 1e-4), (true, 1e-2)] as [(Bool, Float)] {
        let file = learned.path(half ? "half.safetensors" : "full.safetensors")
        try learned.done(["export", "warm", "--as", "lora", "-o", file] + (half ? ["--half"] : []))
        let found = try learned.conditioning(["-m", learned.model, "--lora", file])
        #expect(share(found, expected, plain) <= limit)
        // Found by name, and half as strong: half of the way, but for what is not linear.
        let name = half ? "half" : "full"
        let folder = learned.folder.string
        let weak = try learned.conditioning(
          ["-m", learned.model, "--lora-dir", folder], text: "a cat in a hat<lora:\(name):0.01>")
        let way = zip(weak.elements, plain.elements).map { $0 - $1 }
        let whole = zip(expected.elements, plain.elements).map { $0 - $1 }
        let cosine =
          zip(way, whole).reduce(0) { $0 + $1.0 * $1.1 }
          / (way.reduce(0) { $0 + $1 * $1 } * whole.reduce(0) { $0 + $1 * $1 }).squareRoot()
        #expect(cosine > 0.8)
      }
      let path = learned.folder.appending("full.safetensors")
      let file = try SafetensorsFile(path)
      let (delta, version) = try learned.delta()
      #expect(file.names.count == 3 * 18)
      let q: ByteString = "lora_te_text_model_encoder_layers_2_mlp_fc1"
      #expect(file.shape(of: q + ".lora_down.weight") == [4, 32] && file.shape(of: q + ".lora_up.weight") == [64, 4])
      #expect(try file.tensor(q + ".alpha").scalar == 4 && file.shape(of: q + ".alpha") == [])
      let metadata = file.metadata
      #expect(metadata["ss_network_module"] == "networks.lora" && metadata["ss_network_dim"] == "4")
      #expect(metadata["modelspec.architecture"] == "stable-diffusion-v1/lora" && metadata["format"] == "pt")
      #expect(metadata["aesgrad.profile"] == "warm" && metadata["aesgrad.version"] == "1")
      #expect(metadata["aesgrad.delta_sha256"] == ByteString(delta.hash))
      #expect(metadata["aesgrad.base_fingerprint"] == ByteString(delta.base))
      #expect(metadata["aesgrad.aesthetic_sha256"] == ByteString(version.aesthetic.hash))
      let bytes = try InputFile(path).readAll(limit: 1 << 20)
      let header = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      var hash = SHA256()
      hash.update(Array(bytes[(8 + header)...]).span)
      #expect(metadata["sshs_model_hash"] == ByteString(hash.finish()))
    }
  }

  @Test("LyCORIS has the exact differences; a LoRA of them has a rank of its own and says what it leaves out")
  func lycoris() throws {
    try withDelta("exact") { learned in
      let path = learned.folder.appending("l.safetensors")
      try learned.done(["export", "warm", "--as", "lycoris", "-o", path.string])
      let file = try SafetensorsFile(path)
      let (delta, _) = try learned.delta()
      #expect(file.names.count == 36 + 2 * (2 * 3 + 1))
      for (name, ending) in [
        ("encoder.layers.1.mlp.fc2.weight", "encoder_layers_1_mlp_fc2.diff"),
        ("encoder.layers.0.self_attn.v_proj.bias", "encoder_layers_0_self_attn_v_proj.diff_b"),
        ("encoder.layers.2.layer_norm1.weight", "encoder_layers_2_layer_norm1.w_norm"),
        ("final_layer_norm.bias", "final_layer_norm.b_norm"),
      ] as [(ByteString, ByteString)] {
        guard case .exact(let difference) = delta.changes["text_model." + name] else {
          Issue.record("\(name) does not change")
          continue
        }
        #expect(try file.tensor("lora_te_text_model_" + ending).elements == difference.elements)
      }
      let outcome = try learned.run([
        "export", "warm", "--as", "lora", "--rank", "8", "-o", learned.path("r.safetensors"),
      ])
      #expect(outcome.output.contains("as lora of rank 8 for clip-quick, 54 tensors; 34 changed tensors left out"))
      let plain = try learned.conditioning(["-m", learned.model])
      let expected = try learned.conditioning(["-m", learned.model, "--profile", "warm"])
      let found = try learned.conditioning(["-m", learned.model, "--lora", path.string])
      // Without the tables' rows.
      #expect(share(found, expected, plain) < 0.2)
    }
  }

  @Test("A text encoder, an aesthetic and a conditioning come back as they were")
  func others() throws {
    try withDelta("exact") { learned in
      let expected = try learned.conditioning(["-m", learned.model, "--profile", "warm"])
      let encoder = learned.path("encoder")
      try learned.done(["export", "warm", "--as", "text-encoder", "-o", encoder, "-m", learned.model])
      #expect(try contents(of: FilePath(encoder)) == ["config.json", "model.safetensors"])
      #expect(try learned.conditioning(["-m", encoder]).elements == expected.elements)
      try learned.done(["export", "warm", "--as", "text-encoder", "-o", encoder + ".safetensors", "-m", learned.model])
      #expect(try SafetensorsFile(FilePath(encoder + ".safetensors")).names.count == 2 + 16 * 3 + 2)

      let (_, version) = try learned.delta()
      for (form, file) in [("embedding-pt", "a.pt"), ("embedding", "a.safetensors")] {
        try learned.done(["export", "warm", "--as", form, "-o", learned.path(file)])
        let read = try Aesthetic(reading: WeightFile.open(learned.folder.appending(file)))
        #expect(read.mean.elements == version.aesthetic.mean.elements)
      }

      let file = learned.folder.appending("p.safetensors")
      try learned.done(
        [
          "export", "warm", "--as", "conditioning", "-p", "a cat in a hat", "-o", file.string, "-m", learned.model,
          "--clip", learned.model,
        ])
      let tensors = try SafetensorsFile(file)
      #expect(
        try tensors.tensor("prompt_embeds").elements == expected.elements
          && tensors.shape(of: "prompt_embeds") == [1, 77, 32])
      let empty = try learned.conditioning(["-m", learned.model], text: "")
      #expect(try tensors.tensor("negative_prompt_embeds").elements == empty.elements)
    }
  }

  @Test("What cannot be exported is one line, and nothing is left behind")
  func failures() throws {
    try withModelFolder { model, folder in
      let database = folder.appending("a.sqlite").string
      func run(_ arguments: [String]) throws -> Program.Outcome {
        try Program.run(arguments, environment: ["AESGRAD_DB": database])
      }
      #expect(try run(["profile", "create", "warm"]).code == 0)
      let out = folder.appending("x.safetensors").string
      try run(["export", "warm", "--as", "lora", "-o", out]).expectFailure(
        66, "\(database): has no delta of the profile \"warm\" yet", hint: "`aesgrad learn warm` makes one")
      try run(["export", "warm", "--as", "embedding", "-o", out]).expectFailure(
        66, "\(database): has nothing learned of the profile \"warm\" yet",
        hint: "`aesgrad learn warm` learns from its ratings")
      #expect(try run(["export", "warm", "--as", "conditioning", "-o", out]).code == 64)
      #expect(try run(["export", "warm", "--as", "lora", "--rank", "0", "-o", out]).code == 64)
      #expect(try run(["export", "warm", "--as", "text-encoder", "-o", out]).errors.contains("has no delta"))
      #expect(try !contents(of: folder).contains("x.safetensors"))
    }
  }
}
