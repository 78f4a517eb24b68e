import Files
import Foundation
import Raster

/// ComfyUI's server.
package struct ComfyUI: Sendable {
  private let client: HTTPClient
  /// How long to wait between questions whether it is done, and altogether, in seconds.
  private let pause: Double
  private let patience: Double

  /// The server that `client` asks.
  package init(_ client: HTTPClient, pause: Double = 0.5, patience: Double = 3600) {
    (self.client, self.pause, self.patience) = (client, pause, patience)
  }

  /// The pictures that `request` asks for, one after the other, so that each has its own seed.
  package func pictures(_ request: RemoteRequest, check: () throws -> Void = {}) throws -> [RemotePicture] {
    let checkpoint = try request.checkpoint ?? onlyCheckpoint()
    return try (0..<request.count).flatMap { number in
      var one = request
      one.seed += number
      return try pictures(one, checkpoint, check)
    }
  }

  private func onlyCheckpoint() throws -> String {
    let answer = try client.json(client.get("/models/checkpoints"))
    let names = answer.array?.compactMap { $0.string?.string } ?? []
    guard let name = names.first else { throw client.fault("has no checkpoints") }
    guard names.count == 1 else {
      throw client.fault(
        "has \(names.count) checkpoints, so one must be named",
        hint: "they are " + names.prefix(5).joined(separator: ", "))
    }
    return name
  }

  private func pictures(_ request: RemoteRequest, _ checkpoint: String, _ check: () throws -> Void) throws
    -> [RemotePicture]
  {
    let graph = try Self.graph(request, checkpoint, client)
    let question = try JSONSerialization.data(withJSONObject: ["prompt": graph, "client_id": "aesgrad"])
    let answer = try client.json(client.post("/prompt", json: Array(question)))
    guard let id = answer["prompt_id"]?.string?.string, id.utf8.allSatisfy(Self.isPlain) else {
      throw client.fault("answers without the number of the job")
    }
    let outputs = try outputs(of: id, check)
    let files = outputs.members.flatMap { $0.value["images"]?.array ?? [] }.filter { $0["type"]?.string != "temp" }
    guard !files.isEmpty else { throw client.fault("has drawn nothing") }
    return try files.map { file in
      let parts = ["filename", "subfolder", "type"].map { name in
        "\(name)=" + (file[ByteString(name)]?.string?.string ?? "").escaped
      }
      let bytes = try client.get("/view?" + parts.joined(separator: "&"))
      return try RemotePicture(bytes, settings: Self.settings(request, checkpoint), from: client)
    }
  }

  /// What the nodes of a job that is done have given.
  private func outputs(of id: String, _ check: () throws -> Void) throws -> JSONObject {
    let end = ContinuousClock.now + .seconds(patience)
    while ContinuousClock.now < end {
      try check()
      if let job = try client.json(client.get("/history/\(id)"))[ByteString(id)] {
        if job["status"]?["status_str"]?.string == "error" {
          let messages = job["status"]?["messages"]?.array ?? []
          let said = messages.compactMap { $0.array?.last?["exception_message"]?.string }.first
          throw client.fault("could not draw it" + (said.map { ": " + $0.description } ?? ""))
        }
        if let outputs = job["outputs"]?.object { return outputs }
      }
      Thread.sleep(forTimeInterval: pause)
    }
    throw client.fault("did not finish within \(Int(patience)) seconds")
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || byte == UInt8(ascii: "-")
  }

  /// ComfyUI's names for the samplers that it has, by AUTOMATIC1111's.
  private static let samplers = [
    "DDIM": "ddim", "Euler": "euler", "Euler a": "euler_ancestral", "DPM++ 2M": "dpmpp_2m",
  ]

  /// The nodes of a job: each has a number, and others' outputs by number and place.
  private static func graph(
    _ request: RemoteRequest, _ checkpoint: String, _ client: HTTPClient
  ) throws(FileError) -> [String: Any] {
    func node(_ kind: String, _ inputs: [String: Any]) -> [String: Any] { ["class_type": kind, "inputs": inputs] }
    guard let sampler = samplers[request.sampler] else {
      throw client.fault("has no sampler \"\(request.sampler)\"")
    }
    var graph: [String: Any] = ["1": node("CheckpointLoaderSimple", ["ckpt_name": checkpoint])]
    var (model, clip): ([Any], [Any]) = (["1", 0], ["1", 1])
    if let lora = request.lora {
      graph["2"] = node(
        "LoraLoader",
        [
          "model": model, "clip": clip, "lora_name": lora.name + ".safetensors", "strength_model": lora.strength,
          "strength_clip": lora.strength,
        ])
      (model, clip) = (["2", 0], ["2", 1])
    }
    if request.clipSkip > 1 {
      graph["3"] = node("CLIPSetLastLayer", ["clip": clip, "stop_at_clip_layer": -request.clipSkip])
      clip = ["3", 0]
    }
    graph["4"] = node("CLIPTextEncode", ["clip": clip, "text": request.prompt])
    graph["5"] = node("CLIPTextEncode", ["clip": clip, "text": request.negativePrompt])
    graph["6"] = node("EmptyLatentImage", ["width": request.width, "height": request.height, "batch_size": 1])
    graph["7"] = node(
      "KSampler",
      [
        "model": model, "positive": ["4", 0], "negative": ["5", 0], "latent_image": ["6", 0], "seed": request.seed,
        "steps": request.steps, "cfg": request.guidance, "sampler_name": sampler,
        "scheduler": request.isKarras ? "karras" : "normal", "denoise": 1.0,
      ] as [String: Any])
    graph["8"] = node("VAEDecode", ["samples": ["7", 0], "vae": ["1", 2]])
    graph["9"] = node("SaveImage", ["images": ["8", 0], "filename_prefix": "aesgrad"])
    return graph
  }

  /// ComfyUI keeps its graph in pictures; this is the same in AUTOMATIC1111's words.
  private static func settings(_ request: RemoteRequest, _ checkpoint: String) -> String {
    let lora = request.lora.map { " <lora:\($0.name):\($0.strength)>" } ?? ""
    var settings: [GenerationText.Setting] = [
      .init("Steps", "\(request.steps)"), .init("Sampler", samplers[request.sampler] ?? ""),
      .init("Schedule type", request.isKarras ? "karras" : "normal"), .init("CFG scale", "\(request.guidance)"),
      .init("Seed", "\(request.seed)"), .init("Size", "\(request.width)x\(request.height)"),
      .init("Model", checkpoint),
    ]
    if request.clipSkip > 1 { settings.append(.init("Clip skip", "\(request.clipSkip)")) }
    return GenerationText(
      prompt: request.prompt + lora, negativePrompt: request.negativePrompt, settings: settings
    ).text
  }
}

extension String {
  /// For a query: everything but letters, digits and a few signs as `%NN`.
  fileprivate var escaped: String {
    utf8.map { byte in
      let scalar = Unicode.Scalar(byte)
      let isPlain =
        byte < 0x80
        && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
          || "-_.".unicodeScalars.contains(scalar))
      return isPlain
        ? String(Character(scalar)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }.joined()
  }
}
