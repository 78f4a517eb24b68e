import CLIPKit
import Files
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Files of other programs for the text encoder, against what their own libraries compute in double precision
/// (Tools/reference/attachments.py). Float32 rounding in a dozen layers leaves 1e-5 of the largest element, as without
/// them.
@Suite struct AttachmentTests {
  static let folder = "attachments"

  private func expected(_ name: ByteString) throws -> Tensor {
    try SafetensorsFile(Fixture.path(Self.folder).appending("expected.safetensors")).tensor(name)
  }

  private func ids(_ name: ByteString = "input_ids") throws -> [[Int]] {
    let ids = try expected(name)
    return (0..<ids.rows).map { row in ids.rows(row..<row + 1).elements.map { Int($0) } }
  }

  private func model() throws -> ModelLocation { try ModelLocation(Fixture.path("clip-quick")) }

  private func source(_ name: String) throws -> any WeightSource {
    try WeightFile.open(Fixture.path(Self.folder).appending(name))
  }

  private func adapter(_ name: String) throws -> Adapter {
    let source = try source(name)
    return try Adapter(reading: source, settings: AdapterSettings(beside: source))
  }

  @Test(
    "LoRAs of every program, and whole differences, do what they do there",
    arguments: [
      ("kohya.safetensors", "kohya", 0.8), ("peft/adapter_model.safetensors", "peft", 1),
      ("peft-rslora/adapter_model.safetensors", "peft-rslora", 1), ("diffusers.safetensors", "diffusers", 1),
      ("diffusers-old.safetensors", "diffusers-old", 1), ("lycoris.safetensors", "lycoris", 1),
    ] as [(String, String, Float)])
  func adapters(file: String, name: String, weight: Float) throws {
    let (model, ids) = (try model(), try ids())
    var encoder = try TextEncoder(model)
    try encoder.add(adapter(file), weight: weight, model: model.path)
    let plain = try expected("plain")
    let conditioning = encoder.conditioning(ids)
    expectClose(conditioning, try expected(ByteString(name)), relative: 1e-5, name)
    // What is compared has moved far enough to be compared.
    expectMoved(conditioning, from: plain, by: 0.01)
  }

  @Test("Half as much twice is once; a weight of 0 changes nothing, to the bit")
  func weights() throws {
    let (model, ids) = (try model(), try ids())
    let adapter = try adapter("kohya.safetensors")
    var (twice, none) = (try TextEncoder(model), try TextEncoder(model))
    for _ in 0..<2 { try twice.add(adapter, weight: 0.4, model: model.path) }
    expectClose(twice.conditioning(ids), try expected("kohya"), relative: 1e-5)
    let before = none.fingerprint
    try none.add(adapter, weight: 0, model: model.path)
    #expect(none.fingerprint == before)
  }

  @Test(
    "Textual inversions: their vectors stand where the word stands",
    arguments: [
      ("inversion-webui.pt", "inversion-3", "moss"), ("inversion-kohya.safetensors", "inversion-3", nil),
      ("inversion-diffusers.bin", "inversion-3", "<moss>"),
      ("inversion-diffusers.safetensors", "inversion-1", "<moss>"),
    ] as [(String, String, String?)])
  func inversions(file: String, name: String, word: String?) throws {
    var encoder = try TextEncoder(model())
    var tokenizer = try Tokenizer(folder: Fixture.path("tokenizer"))
    let inversion = try TextualInversion(reading: source(file))
    #expect(inversion.name == word && inversion.vectors.rows == (name == "inversion-3" ? 3 : 1))
    let stem = String(file.prefix { $0 != "." })
    try inversion.teach(&encoder, &tokenizer)
    expectClose(
      encoder.conditioning(try ids(ByteString(name + ".ids"))), try expected(ByteString(name)), relative: 1e-5, file)
    let new = Array(664..<664 + inversion.vectors.rows)
    for prompt in [stem, "embedding:" + stem, word].compactMap(\.self) {
      let chunks = tokenizer.chunks(of: [.text("a \(prompt), cat", weight: 1)])
      let (a, rest) = (tokenizer.ids(for: "a"), tokenizer.ids(for: ", cat"))
      #expect(chunks.map(\.ids.count) == [77], "\(prompt)")
      #expect(Array(chunks[0].ids[1...]).starts(with: a + new + rest), "\(prompt)")
    }
    // The encoder still pools at its own end of text, not at the highest id.
    #expect(encoder.configuration.endOfText == 663 && encoder.configuration.vocabularySize == 664 + new.count)
  }

  @Test("A word of several vectors is not torn between chunks, and the longest of several words is taken")
  func words() throws {
    var tokenizer = try Tokenizer(folder: Fixture.path("tokenizer"))
    let word = tokenizer.ids(for: "moss garden")
    tokenizer.learnedWords.add(Array(word.prefix(1)), standsFor: 800..<801)
    tokenizer.learnedWords.add(word, standsFor: 900..<904)
    let prompt = Array(repeating: "a", count: 73).joined(separator: " ") + " moss garden"
    let chunks = tokenizer.chunks(of: [.text(prompt, weight: 1)])
    #expect(chunks.map(\.promptCount) == [73, 4])
    #expect(Array(chunks[1].ids.prefix(6)) == [tokenizer.start, 900, 901, 902, 903, tokenizer.end])
  }

  @Test("What is no adapter for this encoder is refused, and why")
  func refused() throws {
    let model = try model()
    func refuse(
      _ tensors: [(ByteString, [Int])], _ problem: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      try withTemporaryFolder { folder in
        let path = folder.appending("a.safetensors")
        let entries = tensors.map { WeightEntry($0.0, Tensor(zeros: $0.1)) }
        try SafetensorsWriter.write(entries, to: path, replacing: false)
        var encoder = try TextEncoder(model)
        let error = #expect(throws: FileError.self, sourceLocation: sourceLocation) {
          let adapter = try Adapter(reading: WeightFile.open(path))
          try encoder.add(adapter, weight: 1, model: model.path)
        }
        #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "")", sourceLocation: sourceLocation)
      }
    }
    let q: ByteString = "lora_te_text_model_encoder_layers_0_self_attn_q_proj"
    let (down, up): (ByteString, ByteString) = (q + ".lora_down.weight", q + ".lora_up.weight")
    try refuse([(down, [2, 32])], "with one factor of two")
    try refuse([(down, [2, 32]), (up, [32, 3])], "[32, 3] and [2, 32], which do not fit together")
    try refuse([(down, [0, 32]), (up, [32, 0])], "do not fit together")
    try refuse([(down, [2, 48]), (up, [32, 2])], "by [32, 48]; the model's weights there are [32, 32]")
    try refuse([(down, [2, 32]), (up, [32, 2]), (q + ".alpha", [2])], "an alpha that is no single number")
    try refuse([(q + ".alpha", [])], "with an alpha alone")
    try refuse([(down, [2, 32]), (up, [32, 2]), (q + ".diff", [32, 32])], "with factors and a whole difference")
    try refuse([(q + ".hada_w1_a", [2, 2])], "of the kind LoHa, which is not read")
    try refuse([(q + ".dora_scale", [2])], "of the kind DoRA, which is not read")
    try refuse([("weight", [2, 2])], "has the tensor \"weight\", which no LoRA has")
    try refuse([("lora_te2_x.diff", [2])], "is a LoRA for SDXL")
    try refuse([("x.y.diff", [2])], "the module \"x.y\", which Stable Diffusion 1.x does not have")
    try refuse([("lora_te_text_model_encoder_layers_7_mlp_fc1.diff", [2])], "which the text encoder of")
    try refuse(
      [(q + ".diff", [32, 32]), ("text_encoder.encoder.layers.0.self_attn.q_proj.diff", [32, 32])], "under two names")
    try refuse([], "holds no tensors")
  }

  @Test("What is no textual inversion for this encoder is refused, and why")
  func refusedInversions() throws {
    func refuse(
      _ tensors: [(ByteString, Tensor)], _ problem: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      try withTemporaryFolder { folder in
        let path = folder.appending("a.safetensors")
        try SafetensorsWriter.write(tensors.map { WeightEntry($0.0, $0.1) }, to: path, replacing: false)
        var encoder = try TextEncoder(model())
        var tokenizer = try Tokenizer(folder: Fixture.path("tokenizer"))
        let error = #expect(throws: FileError.self, sourceLocation: sourceLocation) {
          try TextualInversion(reading: WeightFile.open(path)).teach(&encoder, &tokenizer)
        }
        #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "")", sourceLocation: sourceLocation)
      }
    }
    try refuse([("emb_params", Tensor(zeros: [2, 1024]))], "width 1024 (OpenCLIP ViT-H, Stable Diffusion 2.x); 32")
    try refuse([("emb_params", Tensor(zeros: [76, 32]))], "holds 76 vectors; a prompt has room for 75")
    try refuse([("emb_params", Tensor(zeros: [0, 32]))], "the shape [0, 32]")
    try refuse([("emb_params", Tensor([.nan], shape: [1]))], "not finite")
    try refuse([("clip_l", Tensor(zeros: [1, 768])), ("clip_g", Tensor(zeros: [1, 1280]))], "for SDXL")
    try refuse([("a.lora_down.weight", Tensor(zeros: [1, 2]))], "is a LoRA (kohya)")
    try refuse([("a", Tensor(zeros: [1])), ("b", Tensor(zeros: [1]))], "a textual inversion was expected")
  }

  @Test("Requests for files are taken out of prompts; what else stands in angle brackets stays")
  func references() throws {
    let (text, found) = try PromptReference.parse(
      "a <moss> cat <lora:warm:0.8>, <hypernet:ink> <lora:b:1:.5><lyco:c:te=0:unet=2> <x:y>")
    #expect(text == "a <moss> cat ,   <x:y>")
    #expect(found.map(\.kind) == [.lora, .hypernetwork, .lora, .lora])
    #expect(found.map(\.name) == ["warm", "ink", "b", "c"])
    #expect(found.map(\.weights.text) == [0.8, 1, 1, 0] && found.map(\.weights.image) == [0.8, 1, 0.5, 2])
    for bad in ["<lora:>", "<lora:a:x>", "<lora:a:1:2:3>", "<lora:a:dyn=3>", "<hypernet::1>"] {
      #expect(throws: PromptReference.Fault.self, "\(bad)") { try PromptReference.parse(bad) }
    }
    #expect(try PromptReference.parse("3 < 4 > 2 <lora").text == "3 < 4 > 2 <lora")
  }
}

/// Expects the largest difference to be more than a share of the largest number.
func expectMoved(_ tensor: Tensor, from plain: Tensor, by share: Float) {
  let scale = plain.elements.reduce(0) { max($0, abs($1)) }
  #expect(zip(tensor.elements, plain.elements).contains { abs($0 - $1) > share * scale })
}

/// Spoilt files never crash the readers, hold them up or make them take much memory. `AESGRAD_FUZZ=20000` tries more.
@Suite struct AttachmentFuzz {
  @Test("spoilt LoRAs and textual inversions") func files() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      let folder = try Fixture.path("attachments")
      let names = ["diffusers.safetensors", "kohya.safetensors", "inversion-webui.pt", "inversion-kohya.safetensors"]
      let seeds = try names.map { try InputFile(folder.appending($0)).readAll(limit: 1 << 20) }
      let model = try ModelLocation(Fixture.path("clip-quick"))
      let encoder = try TextEncoder(model)
      try fuzz(seeds) { path in
        let source = try WeightFile.open(path)
        if source.names.contains(where: { $0.hasSuffix("emb_params") || $0.hasPrefix("string_to_param") }) {
          _ = try TextualInversion(reading: source)
        } else {
          var encoder = encoder
          try encoder.add(Adapter(reading: source, settings: AdapterSettings(beside: source)), weight: 1, model: path)
        }
      }
    }
    expectPassed(result)
  }
}
