import Files
import Foundation
import Raster
import Remote
import SystemPackage
import TestSupport
import Testing

/// Servers that people have, played by one on loopback: what is asked, and what becomes of every kind of answer.
@Suite struct RemoteTests {
  /// A PNG of 3 × 2 pixels.
  private static let picture: [UInt8] = {
    let pixels = (0..<18).map { UInt8($0 * 14) }
    return (try? Picture(width: 3, height: 2, pixels: pixels).png(texts: [])) ?? []
  }()

  /// With the patience for a server that waits for a core beside other tests.
  private func client(_ server: FakeServer, patience: Double = 60, limit: Int = 1 << 20) throws -> HTTPClient {
    HTTPClient(try ServerAddress(server.address), patience: (patience, patience), limit: limit)
  }

  private static func web(_ images: [String], info: String) -> FakeServer.Answer {
    let object: [String: Any] = ["images": images, "parameters": [:] as [String: Any], "info": info]
    return .body(Array((try? JSONSerialization.data(withJSONObject: object)) ?? Data()))
  }

  private static func request() -> RemoteRequest {
    var request = RemoteRequest(prompt: "a castle", seed: 7)
    request.negativePrompt = "fog"
    request.lora = ("warm", 0.8)
    request.sampler = "DPM++ 2M"
    request.isKarras = true
    request.clipSkip = 2
    return request
  }

  @Test("AUTOMATIC1111: the question, the pictures and their settings; the sheet of all pictures is left out")
  func automatic1111() throws {
    let image = Data(Self.picture).base64EncodedString()
    let server = FakeServer { _ in
      let info = #"{"index_of_first_image":1,"infotexts":["sheet","one\nSteps: 20","two\nSteps: 20"]}"#
      return Self.web([image, image, "data:image/png;base64," + image], info: info)
    }
    let pictures = try Automatic1111(client(server)).pictures(Self.request())
    #expect(pictures.map(\.settings) == ["one\nSteps: 20", "two\nSteps: 20"])
    #expect(pictures.allSatisfy { $0.bytes == Self.picture && $0.picture.width == 3 && $0.picture.height == 2 })
    let asked = try #require(server.requests.first)
    #expect(asked.line == "POST /sdapi/v1/txt2img")
    let json = try #require(asked.json)
    #expect(json["prompt"] as? String == "a castle <lora:warm:0.8>" && json["negative_prompt"] as? String == "fog")
    #expect(json["sampler_name"] as? String == "DPM++ 2M" && json["scheduler"] as? String == "Karras")
    #expect(json["seed"] as? Int == 7 && json["steps"] as? Int == 20 && json["cfg_scale"] as? Double == 7.5)
    #expect((json["override_settings"] as? [String: Any])?["CLIP_stop_at_last_layers"] as? Int == 2)
    #expect(!asked.headers.contains("Origin:") && !asked.headers.contains("Authorization:"))
  }

  @Test("ComfyUI: the graph, the wait, and the pictures that were saved")
  func comfy() throws {
    let server = FakeServer { request in
      switch request.line {
      case "GET /models/checkpoints": return .body(Array(#"["v1-5.safetensors"]"#.utf8))
      case "POST /prompt": return .body(Array(#"{"prompt_id":"ab-1","number":1,"node_errors":{}}"#.utf8))
      case "GET /history/ab-1":
        let text =
          #"{"ab-1":{"outputs":{"9":{"images":[{"filename":"a b.png","subfolder":"","type":"output"}]}},"status":{"status_str":"success"}}}"#
        return .body(Array(text.utf8))
      default: return .body(Self.picture)
      }
    }
    let pictures = try ComfyUI(client(server), pause: 0.01).pictures(Self.request())
    #expect(pictures.count == 1 && pictures[0].bytes == Self.picture)
    #expect(
      pictures[0].settings
        == "a castle <lora:warm:0.8>\nNegative prompt: fog\nSteps: 20, Sampler: dpmpp_2m, Schedule type: karras, "
        + "CFG scale: 7.5, Seed: 7, Size: 512x512, Model: v1-5.safetensors, Clip skip: 2")
    #expect(server.requests.last?.line == "GET /view?filename=a%20b.png&subfolder=&type=output")
    let graph = try #require(
      server.requests.first { $0.line == "POST /prompt" }?.json?["prompt"] as? [String: [String: Any]])
    #expect(
      Set(graph.values.compactMap { $0["class_type"] as? String }) == [
        "CheckpointLoaderSimple", "LoraLoader", "CLIPSetLastLayer", "CLIPTextEncode", "EmptyLatentImage", "KSampler",
        "VAEDecode", "SaveImage",
      ])
    #expect((graph["2"]?["inputs"] as? [String: Any])?["lora_name"] as? String == "warm.safetensors")
    #expect((graph["7"]?["inputs"] as? [String: Any])?["scheduler"] as? String == "karras")
  }

  /// What a server may do, and the words that the error must have.
  static let failures: [(FakeServer.Answer, String)] = [
    (.silence(3), "did not answer within 1 seconds"),
    (
      .body(Array(#"{"error":"OutOfMemoryError","detail":""}"#.utf8), status: "500 Internal Server Error"),
      "the error 500: OutOfMemoryError"
    ),
    (.body([], status: "404 Not Found"), "nothing at that place (404)"),
    (.body([], status: "401 Unauthorized"), "wants a name and a password"),
    (
      .body([], status: "302 Found", headers: ["Location: http://elsewhere/"]),
      "redirects to http://elsewhere/, which is not followed"
    ),
    (.body(Array("<html>".utf8)), "answers with what is no JSON"),
    (.body(Array("{}".utf8)), "answers without pictures"),
    (.body(Array(#"{"images":[]}"#.utf8)), "answers without pictures"),
    (.body(Array(#"{"images":["iVBORw0KG"]}"#.utf8)), "no base64, or cut off"),
    (.body(Array(#"{"images":["aGVsbG8="]}"#.utf8)), "sends a picture that "),
    (.body(Array(repeating: 0x20, count: 2 << 20)), "answers with more than 1 MB"),
    (.raw(Array("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".utf8)), "after 1 of 100 bytes"),
    (.raw(Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"ima".utf8)), "in the middle of it"),
    (.raw([]), "ended the connection without an answer"),
    (.raw(Array("SSH-2.0-OpenSSH\r\n\r\n".utf8)), "does not speak HTTP"),
    (.raw(Array(repeating: 0x61, count: 1 << 17)), "a header without an end"),
  ]

  @Test("Every failure is one clear line", arguments: failures.indices)
  func failure(index: Int) throws {
    let (answer, words) = Self.failures[index]
    let server = FakeServer { _ in answer }
    var patience = 60.0
    if case .silence = answer { patience = 1 }
    let error = #expect(throws: FileError.self) {
      _ = try Automatic1111(client(server, patience: patience)).pictures(Self.request())
    }
    #expect(error?.problem.contains(words) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("\n") == false)
  }

  @Test("A huge picture is refused by its header; pieces are put together")
  func pieces() throws {
    // 60000 × 60000 pixels in 70 bytes.
    var huge = Self.picture
    huge.replaceSubrange(16..<24, with: [0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60])
    let encoded = Data(huge).base64EncodedString()
    let server = FakeServer { _ in .body(Array(#"{"images":["\#(encoded)"]}"#.utf8)) }
    let error = #expect(throws: FileError.self) { _ = try Automatic1111(client(server)).pictures(Self.request()) }
    #expect(error?.problem.hasPrefix("sends a picture that ") == true)

    let chunked = FakeServer { _ in
      .raw(
        Array(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\nA;x=y\r\n,2,3,4,5,6\r\n1\r\n]\r\n0\r\n\r\n"
            .utf8))
    }
    #expect(try client(chunked).get("/x") == Array("[1,2,3,4,5,6]".utf8))
  }

  @Test("Nobody there, addresses that are none, and a person who has had enough")
  func addresses() throws {
    var server: FakeServer? = FakeServer { _ in .silence(5) }
    let address = try ServerAddress(#require(server?.address))
    struct Enough: Error {}
    #expect(throws: Enough.self) {
      _ = try HTTPClient(address, patience: (5, 5)) { throw Enough() }.get("/")
    }
    server = nil
    Thread.sleep(forTimeInterval: 0.1)
    let error = #expect(throws: FileError.self) { _ = try HTTPClient(address, patience: (1, 1)).get("/") }
    #expect(error?.problem.contains("cannot be reached") == true || error?.problem.contains("connection") == true)
    for bad in ["", "localhost:7860", "ftp://x", "https://x", "http://x/?a=b", "http://x:99999", "http://x/\r\nY: Z"] {
      #expect(throws: FileError.self, "\(bad)") { try ServerAddress(bad) }
    }
    #expect(try ServerAddress("http://me:secret@host:81/a/").path == "host:81/a")
  }
}
