import CLIPKit
import Files
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Models in every form they come in, against the one they were all made from (Tools/reference/clip.py).
@Suite struct ModelLocationTests {
  private static let forms: [(name: String, kind: ModelLocation.Kind)] = [
    ("clip-half", .clip), ("text-encoders/pipeline", .pipeline), ("text-encoders/transformers-5", .textEncoder),
    ("text-encoders/sharded", .textEncoder), ("text-encoders/torch", .textEncoder),
    ("text-encoders/torch-legacy", .textEncoder), ("text-encoders/ldm.safetensors", .file),
    ("text-encoders/novelai.ckpt", .file), ("text-encoders/clip_l.safetensors", .file),
  ]

  @Test("a text encoder is the same in every form", arguments: forms)
  func everyForm(_ form: (name: String, kind: ModelLocation.Kind)) throws {
    let original = try WeightFile.open(Fixture.path("clip-half/model.safetensors"))
    let location = try ModelLocation(Fixture.path(form.name))
    #expect(location.kind == form.kind)
    let (configuration, weights) = try location.textEncoder()
    #expect(
      configuration
        == TextConfiguration(
          vocabularySize: 664, positionCount: 77, width: 32, innerWidth: 64, layerCount: 3, headCount: 1,
          activation: .quickGELU, layerNormEpsilon: 1e-5, endOfText: form.kind == .file ? nil : 663))
    let text = original.names.filter { $0.hasPrefix("text_model.") }
    #expect(text.count == 52)
    for name in text {
      let shape = try #require(original.shape(of: name))
      let part = weights.scoped("text_model")
      #expect(throws: FileError.self) { try part.checkAllTaken() }
      let actual = try part.tensor(name.dropping(11), shape: shape)
      #expect(try actual.elements == original.tensor(name).elements, "\(name)")
    }
    try weights.scoped("text_model").checkAllTaken()
  }

  @Test("a whole CLIP model gives both encoders, its tokenizer and how pictures are prepared") func wholeModel() throws
  {
    let location = try ModelLocation(Fixture.path("clip-gelu"))
    let (configuration, weights) = try location.clip()
    #expect(configuration.featureWidth == 20)
    #expect(try weights.tensor("visual_projection.weight", shape: [20, 24]).count == 480)
    #expect(weights.scoped("vision_model").has("pre_layrnorm.weight"))
    #expect(try location.tokenizer() == nil)
    #expect(try location.preprocessing(side: 48) == ImagePreprocessing(side: 48))
    let pipeline = try ModelLocation(Fixture.path("text-encoders/pipeline"))
    #expect(try pipeline.tokenizer()?.end == 663)
  }

  @Test("a folder of a tokenizer alone gives that and nothing else") func tokenizerAlone() throws {
    let location = try ModelLocation(Fixture.path("text-encoders/pipeline/tokenizer"))
    #expect(location.kind == .tokenizer)
    #expect(try location.tokenizer()?.end == 663)
    let text = try #require(throws: FileError.self) { try location.textEncoder() }
    #expect(text.problem == "is a tokenizer alone; a text encoder was expected")
    let whole = try #require(throws: FileError.self) { try location.clip() }
    #expect(whole.problem == "is a tokenizer alone; the folder of a whole CLIP model was expected")
  }

  @Test("what is missing, too much or of another shape is named") func faults() throws {
    let weights = try ModelLocation(Fixture.path("text-encoders/novelai.ckpt")).textEncoder().weights.scoped(
      "text_model")
    let missing = try #require(throws: FileError.self) {
      try weights.tensor("encoder.layers.3.mlp.fc1.bias", shape: [64])
    }
    #expect(missing.problem.contains("\"text_model.encoder.layers.3.mlp.fc1.bias\" of shape [64]"))
    let shape = try #require(throws: FileError.self) { try weights.tensor("final_layer_norm.weight", shape: [768]) }
    #expect(
      shape.problem
        == "the tensor \"cond_stage_model.transformer.final_layer_norm.weight\" has the shape [32]; [768] was expected")
    let rest = try #require(throws: FileError.self) {
      try weights.scoped("encoder.layers.0.layer_norm1").checkAllTaken()
    }
    #expect(rest.problem.hasPrefix("has 2 tensors too many"))
    try withTemporaryFolder { folder in
      let path = folder.appending("model.safetensors")
      let tensor = Tensor(zeros: [4, 2])
      try SafetensorsWriter.write(
        [WeightEntry("text_model.embeddings.token_embedding.weight", tensor), WeightEntry("stray", tensor)], to: path,
        replacing: false)
      let stray = try #require(throws: FileError.self) { try ModelLocation(path).textEncoder() }
      #expect(stray.problem == "has the tensor \"stray\", which no CLIP model has")
    }
  }

  private static let wrongFiles: [(names: [ByteString: [Int]], problem: String)] = [
    (["lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": [4, 8]], "is a LoRA"),
    (["string_to_param.*": [1, 768]], "is a textual inversion"),
    (
      [
        "model.diffusion_model.input_blocks.0.0.weight": [1, 4, 1, 1],
        "cond_stage_model.model.token_embedding.weight": [2, 1024],
      ], "is a Stable Diffusion 2 checkpoint"
    ),
    (["conditioner.embedders.0.transformer.text_model.final_layer_norm.bias": [768]], "is an SDXL checkpoint"),
    (["decoder.conv_in.weight": [4, 4, 1, 1]], "is a Stable Diffusion VAE"),
    (
      [
        "text_model.embeddings.token_embedding.weight": [9, 1280],
        "text_model.embeddings.position_embedding.weight": [77, 1280],
        "text_model.encoder.layers.0.mlp.fc1.weight": [2, 1280],
      ], "has a text encoder of width 1280 (OpenCLIP ViT-bigG"
    ),
  ]

  @Test("a file of another kind is named for what it is", arguments: wrongFiles.indices) func wrongFile(_ index: Int)
    throws
  {
    let (names, problem) = Self.wrongFiles[index]
    try withTemporaryFolder { folder in
      let path = folder.appending("file.safetensors")
      let entries = names.sorted { $0.key < $1.key }.map { WeightEntry($0.key, Tensor(zeros: $0.value)) }
      try SafetensorsWriter.write(entries, to: path, replacing: false)
      let error = try #require(throws: FileError.self) { try ModelLocation(path).textEncoder() }
      #expect(error.problem.hasPrefix(problem), "\(error)")
      #expect(!error.problem.contains("\n"))
      #expect(throws: FileError.self) { try ModelLocation(path).clip() }
    }
  }

  private static let wrongFolders: [(files: [String: String], kind: FileError.Kind, problem: String)] = [
    ([:], .missing, "is an empty folder"),
    (["notes.txt": "x"], .missing, "is no model folder"),
    (
      ["config.json": #"{"_class_name": "UNet2DConditionModel"}"#], .malformed,
      "is the folder of one part of a pipeline"
    ),
    (["config.json": #"{"model_type": "bert"}"#], .malformed, "describes a model of the type \"bert\""),
    (["config.json": #"{"model_type": "clip_text_model"}"#], .missing, "holds no weights"),
    (
      ["model_index.json": #"{"text_encoder_2": ["a", "b"], "_class_name": "StableDiffusionXLPipeline"}"#], .malformed,
      "is a pipeline of the kind StableDiffusionXLPipeline"
    ),
    (["model_index.json": "{}"], .missing, "has no folder text_encoder"),
    (
      [
        "model_index.json": "{}",
        "text_encoder/config.json": #"{"model_type": "clip_text_model", "hidden_size": 1024}"#,
      ],
      .malformed, "is a pipeline of Stable Diffusion 2 (its text encoder is 1024 wide)"
    ),
    (
      [
        "config.json": #"{"model_type": "clip_text_model"}"#,
        "model.safetensors.index.json": #"{"weight_map": {"a": "../b"}}"#,
      ],
      .malformed, "places \"a\" in something that is no file name"
    ),
  ]

  @Test("a folder of another kind is named for what it is", arguments: wrongFolders.indices)
  func wrongFolder(_ index: Int) throws {
    let (files, kind, problem) = Self.wrongFolders[index]
    try withTemporaryFolder { folder in
      for (name, text) in files { try write(text, to: folder.appending(FilePath(name).components)) }
      let error = try #require(throws: FileError.self) { try ModelLocation(folder).textEncoder() }
      #expect(error.problem.hasPrefix(problem), "\(error)")
      #expect(error.kind == kind)
    }
  }

  @Test("a shard that lacks what the index promises is named") func brokenShards() throws {
    try withTemporaryFolder { folder in
      let shard = folder.appending("part.safetensors")
      try SafetensorsWriter.write([WeightEntry("a", Tensor(zeros: [1]))], to: shard, replacing: false)
      try write(#"{"model_type": "clip_text_model"}"#, to: folder.appending("config.json"))
      let index = folder.appending("model.safetensors.index.json")
      for (map, problem) in [
        (#"{"a": "part.safetensors", "b": "part.safetensors"}"#, "has no tensor \"b\""),
        (#"{"b": "other.safetensors"}"#, "there is no such file"), ("{}", "has no object \"weight_map\""),
      ] {
        try OutputFile.write(Array(#"{"weight_map": \#(map)}"#.utf8), to: index, replacing: true)
        let error = try #require(throws: FileError.self) { try ModelLocation(folder).textEncoder() }
        #expect(error.problem.hasPrefix(problem), "\(error)")
      }
    }
  }
}
