import CLIPKit
import Files
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite struct ConfigurationTests {
  /// The configuration in `text`.
  private func configuration(_ text: String) throws -> CLIPConfiguration {
    try withTemporaryFolder { folder in
      try write(text, to: folder.appending("config.json"))
      return try CLIPConfiguration(file: folder.appending("config.json"))
    }
  }

  @Test("the fixtures' files say what they were made with") func fixtures() throws {
    let quick = try CLIPConfiguration(file: Fixture.path("clip-quick/config.json"))
    #expect(
      quick
        == CLIPConfiguration(
          text: TextConfiguration(
            vocabularySize: 664, positionCount: 77, width: 32, innerWidth: 64, layerCount: 3, headCount: 4,
            activation: .quickGELU, layerNormEpsilon: 1e-5, endOfText: 663),
          vision: VisionConfiguration(
            imageSize: 32, patchSize: 8, width: 32, innerWidth: 96, layerCount: 2, headCount: 2, activation: .quickGELU,
            layerNormEpsilon: 1e-5), featureWidth: 24))
    #expect(quick.vision?.positionCount == 17)
    // Here `text_config` is stale and `text_config_dict` counts, as in the first files of CLIP.
    let old = try CLIPConfiguration(file: Fixture.path("clip-gelu/config.json"))
    #expect(
      old
        == CLIPConfiguration(
          text: TextConfiguration(
            vocabularySize: 664, positionCount: 77, width: 40, innerWidth: 80, layerCount: 4, headCount: 5,
            activation: .gelu, layerNormEpsilon: 1e-3, endOfText: nil),
          vision: VisionConfiguration(
            imageSize: 48, patchSize: 16, width: 24, innerWidth: 48, layerCount: 3, headCount: 3, activation: .gelu,
            layerNormEpsilon: 1e-6), featureWidth: 20))
  }

  @Test("what is left out has transformers' defaults") func defaults() throws {
    let text = TextConfiguration(
      vocabularySize: 49408, positionCount: 77, width: 512, innerWidth: 2048, layerCount: 12, headCount: 8,
      activation: .quickGELU, layerNormEpsilon: 1e-5, endOfText: 49407)
    let vision = VisionConfiguration(
      imageSize: 224, patchSize: 32, width: 768, innerWidth: 3072, layerCount: 12, headCount: 12,
      activation: .quickGELU, layerNormEpsilon: 1e-5)
    let both = CLIPConfiguration(text: text, vision: vision, featureWidth: 512)
    #expect(try configuration(#"{"model_type": "clip"}"#) == both)
    #expect(try configuration(#"{"model_type": "clip", "text_config": null, "vision_config": {}}"#) == both)
    let textOnly = CLIPConfiguration(text: text, vision: nil, featureWidth: 512)
    #expect(try configuration(#"{"model_type": "clip_text_model"}"#) == textOnly)
    let list = #"{"model_type": "clip_text_model", "eos_token_id": [49407], "hidden_act": null}"#
    #expect(try configuration(list) == textOnly)
    #expect(try configuration(#"{"model_type": "clip_text_model", "eos_token_id": null}"#).text?.endOfText == nil)
    #expect(
      try configuration(#"{"model_type": "clip_vision_model", "patch_size": [14, 14]}"#).vision?.positionCount == 257)
  }

  private static let faults: [(text: String, problem: String)] = [
    ("[]", "is JSON, but not an object"),
    ("{", "is not valid JSON"),
    ("{}", "does not describe a CLIP model"),
    (#"{"model_type": "siglip"}"#, "describes a model of the type \"siglip\""),
    (#"{"model_type": "clip_text_model", "hidden_act": "relu"}"#, "\"hidden_act\" is \"relu\"; CLIP models have"),
    (#"{"model_type": "clip_text_model", "hidden_size": 100}"#, "\"num_attention_heads\" is 8, which does not divide"),
    (#"{"model_type": "clip_text_model", "hidden_size": 0}"#, "\"hidden_size\" is not a whole number from 1 to 65536"),
    (#"{"model_type": "clip_text_model", "hidden_size": 1e400}"#, "\"hidden_size\" is not a whole number"),
    (#"{"model_type": "clip_text_model", "num_hidden_layers": 12.5}"#, "\"num_hidden_layers\" is not a whole number"),
    (#"{"model_type": "clip_text_model", "layer_norm_eps": -1}"#, "\"layer_norm_eps\" is not a number from 0 to 1"),
    (#"{"model_type": "clip_text_model", "eos_token_id": [1, 2]}"#, "\"eos_token_id\" is not one token id"),
    (
      #"{"model_type": "clip", "vision_config": {"patch_size": 15}}"#,
      "\"patch_size\" of \"vision_config\" is 15, which does not divide the image_size 224"
    ),
    (#"{"model_type": "clip_vision_model", "num_channels": 1}"#, "\"num_channels\" is 1; pictures have 3"),
    (#"{"model_type": "clip_vision_model", "image_size": [224, 336]}"#, "\"image_size\" is not a whole number"),
  ]

  @Test("what makes no sense is named", arguments: faults.indices) func fault(_ index: Int) throws {
    let (text, problem) = Self.faults[index]
    let error = try #require(throws: FileError.self) { try configuration(text) }
    #expect(error.problem.hasPrefix(problem), "\(error)")
    #expect(error.kind == .malformed)
  }

  @Test("how pictures are prepared is read and checked") func preprocessing() throws {
    func read(_ text: String) throws -> ImagePreprocessing {
      try withTemporaryFolder { folder in
        try write(text, to: folder.appending("preprocessor_config.json"))
        return try ImagePreprocessing(file: folder.appending("preprocessor_config.json"), side: 224)
      }
    }
    #expect(try read("{}") == ImagePreprocessing(side: 224))
    #expect(try read(#"{"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}}"#).side == 224)
    #expect(try read(#"{"size": 224, "image_mean": [0.5, 0, 1], "image_std": [1, 2, 0.5]}"#).mean == [0.5, 0, 1])
    for (text, problem) in [
      (#"{"size": 336}"#, "\"size\" is 336; the image encoder takes 224"),
      (#"{"crop_size": {"height": 224, "width": 200}}"#, "\"crop_size\" is 224 x 200; the image encoder takes 224"),
      (#"{"size": {}}"#, "\"size\" is not a size"), (#"{"resample": 2}"#, "\"resample\" is not 3"),
      (#"{"image_mean": [1, 2]}"#, "\"image_mean\" is not a list of three numbers"),
      (#"{"image_std": [1, 0, 1]}"#, "\"image_std\" has a value that is not above 0"),
    ] {
      let error = try #require(throws: FileError.self) { try read(text) }
      #expect(error.problem.hasPrefix(problem), "\(error)")
    }
    for name in ["clip-quick", "clip-gelu"] {
      let side = name == "clip-quick" ? 32 : 48
      let file = try Fixture.path(name).appending("preprocessor_config.json")
      #expect(try ImagePreprocessing(file: file, side: side) == ImagePreprocessing(side: side))
    }
  }
}
