import Files
import Foundation

/// AUTOMATIC1111's web interface, started with `--api`.
package struct Automatic1111: Sendable {
  private let client: HTTPClient

  /// The server that `client` asks.
  package init(_ client: HTTPClient) { self.client = client }

  private struct Question: Encodable {
    let prompt: String
    let negative_prompt: String
    let seed: Int
    let steps: Int
    let cfg_scale: Double
    let width: Int
    let height: Int
    let sampler_name: String
    let scheduler: String
    let batch_size = 1
    let n_iter: Int
    let override_settings: Settings
    let send_images = true
    let save_images = false

    struct Settings: Encodable {
      let CLIP_stop_at_last_layers: Int
      let sd_model_checkpoint: String?
    }
  }

  /// The pictures that `request` asks for.
  package func pictures(_ request: RemoteRequest) throws -> [RemotePicture] {
    let lora = request.lora.map { " <lora:\($0.name):\($0.strength)>" } ?? ""
    let question = Question(
      prompt: request.prompt + lora, negative_prompt: request.negativePrompt, seed: request.seed, steps: request.steps,
      cfg_scale: request.guidance, width: request.width, height: request.height, sampler_name: request.sampler,
      scheduler: request.isKarras ? "Karras" : "Automatic", n_iter: request.count,
      override_settings: .init(CLIP_stop_at_last_layers: request.clipSkip, sd_model_checkpoint: request.checkpoint))
    let body = try client.post("/sdapi/v1/txt2img", json: Array(JSONEncoder().encode(question)))
    let answer = try client.json(body)
    guard let images = answer["images"]?.array?.map(\.string), !images.isEmpty else {
      throw client.fault("answers without pictures")
    }
    let info = answer["info"]?.string.flatMap { try? JSON(parsing: $0.bytes) }
    let texts = info?["infotexts"]?.array?.map { $0.string?.string } ?? []
    // Where it puts all pictures together, too, that one comes first.
    let first = min(max(0, info?["index_of_first_image"]?.integer ?? 0), images.count - 1)
    return try images.indices.dropFirst(first).map { index in
      // Older versions write `data:image/png;base64,` before it.
      let text = images[index]?.string?.split(separator: ",").last.map { String($0) }
      guard let data = text.flatMap({ Data(base64Encoded: $0) }) else {
        throw client.fault("sends a picture that is no base64, or cut off")
      }
      let settings = texts.indices.contains(index) ? texts[index] : nil
      return try RemotePicture(Array(data), settings: settings, from: client)
    }
  }
}

extension HTTPClient {
  /// The JSON in the body of an answer.
  func json(_ body: [UInt8]) throws(FileError) -> JSON {
    do throws(JSONError) { return try JSON(parsing: body) } catch {
      throw fault("answers with what is no JSON: \(error)")
    }
  }
}
