import Diffusion
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Models as they are found in folders and files. All forms of a model must compute the same.
@Suite struct ModelFilesTests {
  private func unetOutput(_ files: ModelFiles, _ model: SyntheticModel, memory: MemoryUse = .normal) throws -> Tensor {
    let (configuration, weights) = try files.unet()
    let unet = try UNet(from: weights, configuration, memory: memory)
    let context = unet.context(try model.expected.tensor("context"))
    return unet(try model.expected.tensor("x"), time: 981, context: context)
  }

  private func decoded(
    _ files: ModelFiles, _ model: SyntheticModel, replacement: FilePath? = nil, memory: MemoryUse = .normal
  ) throws -> Tensor {
    let (configuration, weights) = try files.vae(replacement: replacement)
    return try VAE(from: weights, configuration, memory: memory).decode(model.expected.tensor("latents"))
  }

  private func write(_ weights: [SyntheticWeights], to path: FilePath, as type: ElementType = .float32) throws {
    try SafetensorsWriter.write(
      weights.flatMap { $0.fileEntries(as: type) }, metadata: [:], to: path, replacing: false)
  }

  @Test("diffusers folders, with the VAE's old names", arguments: SyntheticModel.names)
  func folder(name: String) throws {
    let model = try SyntheticModel(name)
    try withTemporaryFolder { folder in
      try model.write(to: folder, .oldDiffusers)
      let files = try ModelFiles(folder)
      expectClose(try unetOutput(files, model), try model.expected.tensor("unet.981"), relative: 5e-5)
      expectClose(try decoded(files, model), try model.expected.tensor("decoded"), relative: 5e-5)
      #expect(try files.schedule() == NoiseSchedule())
      #expect(try files.vae().configuration.scaling == (name == "odd" ? 0.5 : 0.18215))
    }
  }

  @Test("weights kept in half precision compute what prepared ones do")
  func lowMemory() throws {
    let model = try SyntheticModel("narrow")
    try withTemporaryFolder { folder in
      try model.write(to: folder, .oldDiffusers, as: .float16)
      let files = try ModelFiles(folder)
      let output = try unetOutput(files, model)
      #expect(try unetOutput(files, model, memory: .low).elements == output.elements)
      #expect(try decoded(files, model, memory: .low).elements == decoded(files, model).elements)
      // Eleven bits of each weight are kept.
      expectClose(output, try model.expected.tensor("unet.981"), relative: 1e-2)
    }
  }

  @Test("single files, with running means and a text encoder beside the rest")
  func checkpoint() throws {
    // Heads and groups cannot be seen in a file, so the model must have Stable Diffusion's own.
    let model = try SyntheticModel("narrow")
    try withTemporaryFolder { folder in
      var stray = try model.weights("vae", .checkpoint)
      stray.entries = [
        "model_ema.decay": .init(seed: "a", shape: [1]), "cond_stage_model.x": .init(seed: "b", shape: [2]),
        "first_stage_model.loss.logvar": .init(seed: "c", shape: [1]), "betas": .init(seed: "d", shape: [3]),
      ]
      let path = folder.appending("model.safetensors")
      try write([model.weights("unet", .checkpoint), model.weights("vae", .checkpoint), stray], to: path)
      let files = try ModelFiles(path)
      expectClose(try unetOutput(files, model), try model.expected.tensor("unet.981"), relative: 5e-5)
      expectClose(try decoded(files, model), try model.expected.tensor("decoded"), relative: 5e-5)
      // Nor can the size of the pictures that it was trained on.
      var expected = try model.configurations().unet
      expected.side = UNetConfiguration().side
      #expect(try files.unet().configuration == expected)
      #expect(try files.vae().configuration == model.configurations().vae)
    }
  }

  @Test("a VAE in place of the model's", arguments: ["folder", "diffusers", "checkpoint", "alone"])
  func otherVAE(form: String) throws {
    let model = try SyntheticModel("narrow")
    try withTemporaryFolder { folder in
      let path = folder.appending("model.safetensors")
      try write([model.weights("unet", .checkpoint)], to: path)
      var vae = try model.weights("vae", form == "diffusers" || form == "folder" ? .oldDiffusers : .checkpoint)
      if form == "alone" {
        vae.entries = Dictionary(
          uniqueKeysWithValues: vae.entries.map { ($0.key.dropping("first_stage_model.".utf8.count), $0.value) })
        vae.entries["loss.discriminator.main.0.weight"] = .init(seed: "x", shape: [3])
        vae.entries["model_ema.decay"] = .init(seed: "x", shape: [1])
      }
      var place = folder.appending("vae.safetensors")
      if form == "folder" {
        try model.writeConfiguration(of: "vae", to: folder.appending("vae"))
        place = folder.appending("vae").appending("diffusion_pytorch_model.safetensors")
      }
      try write([vae], to: place)
      let files = try ModelFiles(path)
      let replacement = form == "folder" ? folder.appending("vae") : place
      expectClose(
        try decoded(files, model, replacement: replacement), try model.expected.tensor("decoded"), relative: 5e-5)
      let error = #expect(throws: FileError.self) { try files.vae() }
      #expect(error?.problem.contains("holds no VAE") == true)
    }
  }

  @Test(
    "missing, extra and misshapen tensors are named with their file and shapes",
    arguments: ["missing", "extra", "shape", "unknown"])
  func badTensors(fault: String) throws {
    let model = try SyntheticModel("narrow")
    try withTemporaryFolder { folder in
      var weights = try model.weights("unet", .checkpoint)
      let key: ByteString = "model.diffusion_model.middle_block.0.in_layers.2.weight"
      var expected: [String]
      switch fault {
      case "missing":
        weights.entries[key] = nil
        expected = ["mid_block.resnets.0.conv1.weight", "[96, 96, 3, 3]"]
      case "extra":
        weights.entries["model.diffusion_model.output_blocks.40.0.in_layers.0.weight"] = .init(seed: "x", shape: [3])
        expected = ["1 tensor too many", "output_blocks.40.0.in_layers.0.weight"]
      case "shape":
        weights.entries[key]?.shape = [96, 95, 3, 3]
        expected = ["middle_block.0.in_layers.2.weight", "[96, 95, 3, 3]", "[96, 96, 3, 3]"]
      default:
        weights.entries["model.diffusion_model.colour.weight"] = .init(seed: "x", shape: [3])
        expected = ["model.diffusion_model.colour.weight", "no UNet of Stable Diffusion 1.x has"]
      }
      let path = folder.appending("model.safetensors")
      try write([weights], to: path)
      let error = #expect(throws: FileError.self) {
        let (configuration, scope) = try ModelFiles(path).unet()
        _ = try UNet(from: scope, configuration)
      }
      #expect(error?.path == path)
      for part in expected { #expect(error?.problem.contains(part) == true, "\(error?.problem ?? "")") }
    }
  }

  @Test(
    "other families are refused by name",
    arguments: [(1024, "Stable Diffusion 2", false), (2048, "SDXL", false), (2048, "SDXL", true)])
  func otherFamilies(width: Int, family: String, isFile: Bool) throws {
    let model = try SyntheticModel("narrow")
    try withTemporaryFolder { folder in
      var path = folder
      if isFile {
        path = folder.appending("model.safetensors")
        var weights = try model.weights("unet", .checkpoint)
        for name in weights.names where name.hasSuffix("attn2.to_k.weight") {
          weights.entries[name]?.shape[1] = width
        }
        weights.entries["model.diffusion_model.label_emb.0.0.weight"] = .init(seed: "x", shape: [4, 4])
        try write([weights], to: path)
      } else {
        try model.writeConfiguration(
          of: "unet", to: folder.appending("unet"), changing: ["cross_attention_dim": width])
      }
      let error = #expect(throws: FileError.self) { try ModelFiles(path).unet() }
      #expect(error?.problem.contains("is a UNet of \(family) ") == true)
    }
  }

  @Test(
    "configurations that mean another network are refused",
    arguments: [
      (["attention_head_dim": 7], "does not divide 32 channels"), (["norm_num_groups": 5], "norm_num_groups"),
      (["down_block_types": ["DownBlock2D"]], "list of 4 names"), (["act_fn": "gelu"], "act_fn"),
      (["block_out_channels": [0]], "block_out_channels"), (["norm_eps": 0.5], "norm_eps"),
      (["_class_name": "AutoencoderKL"], "UNet2DConditionModel was expected"),
      (["up_block_types": ["UpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D"]], "do not mirror"),
    ] as [([String: any Sendable], String)])
  func badConfiguration(changes: [String: any Sendable], problem: String) throws {
    let model = try SyntheticModel("narrow")
    try withTemporaryFolder { folder in
      try model.writeConfiguration(of: "unet", to: folder.appending("unet"), changing: changes)
      let error = #expect(throws: FileError.self) { try ModelFiles(folder).unet() }
      #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "")")
    }
  }

  @Test("a schedule is read, and what it cannot be is refused")
  func schedules() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("scheduler_config.json")
      func schedule(_ text: String) throws -> NoiseSchedule {
        try OutputFile.write(Array(text.utf8), to: path, replacing: true)
        return try NoiseSchedule(file: ConfigurationFile(path))
      }
      let stable = """
        {"_class_name": "PNDMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
         "num_train_timesteps": 1000, "set_alpha_to_one": false, "steps_offset": 1, "skip_prk_steps": true
        """
      #expect(try schedule(stable + "}") == NoiseSchedule())
      let velocity = try schedule(stable + #", "prediction_type": "v_prediction"}"#)
      #expect(velocity.prediction == .velocity)
      // The published ᾱ at the ends: 0.99915 and 0.0046601.
      #expect(abs(velocity.alphas[0] - 0.99915) < 1e-6 && abs(velocity.alphas[999] - 0.0046601) < 1e-6)
      for bad in [
        #"{"beta_schedule": "squaredcos_cap_v2"}"#, #"{"prediction_type": "sample"}"#, #"{"beta_start": 0}"#,
        #"{"beta_end": 2}"#, #"{"steps_offset": -1}"#, #"{"num_train_timesteps": 1}"#,
      ] {
        #expect(throws: FileError.self, "\(bad)") { try schedule(bad) }
      }
    }
  }
}
