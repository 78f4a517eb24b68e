import Files
import Foundation
import Raster
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// `generate` with a server that draws, played by one on loopback; what each server is asked is tested in Remote.
@Suite struct GenerateRemoteTests {
  /// A PNG of 3 × 2 pixels.
  private static let picture: [UInt8] = {
    let pixels = (0..<18).map { UInt8($0 * 14) }
    return (try? Picture(width: 3, height: 2, pixels: pixels).png(texts: [])) ?? []
  }()

  private func arguments(_ server: FakeServer, _ folder: FilePath, _ more: [String] = []) -> [String] {
    [
      "generate", "--backend", "a1111", "--url", server.address, "-p", "a castle <lora:moss:0.5>", "--seed", "7",
      "-o", folder.appending("out").string,
    ] + more
  }

  @Test(
    "The server's pictures are written with its settings, made by the profile's LoRA, and known when they are rated")
  func profile() throws {
    let image = Data(Self.picture).base64EncodedString()
    let server = FakeServer { _ in
      let info = #"{\"index_of_first_image\":0,\"infotexts\":[\"a castle\\nSteps: 20, Sampler: Euler, Seed: 7\"]}"#
      return .body(Array(#"{"images":["\#(image)"],"info":"\#(info)"}"#.utf8))
    }
    try withTemporaryFolder { folder in
      let database = ["--db", folder.appending("taste.sqlite").string]
      let aesthetic = folder.appending("warm.safetensors")
      let mean = Tensor(randomWithSeed: 3, shape: [768], scale: 1)
      try SafetensorsWriter.write([WeightEntry("aesthetic", mean)], metadata: [:], to: aesthetic, replacing: false)
      let imported = try Program.run(["import", aesthetic.string] + database)
      #expect(imported.code == 0, "\(imported.errors)")

      let outcome = try Program.run(arguments(server, folder, ["--profile", "warm:0.8", "--quiet"] + database))
      let path = folder.appending("out").appending("00000-7.png")
      #expect(outcome.code == 0 && outcome.output == path.string + "\n" && outcome.errors == "", "\(outcome.errors)")
      #expect(try Picture(reading: path).pixels == Picture(decoding: Self.picture).pixels)
      let text = try GenerateTests.text(path.string)
      #expect(text.prompt == "a castle" && text.value("Sampler") == "Euler" && text.value("Profile") == "warm:0.8")
      #expect(text.value("Profile version") == "1" && text.value("Backend") == "a1111")
      let asked = try #require(server.requests.first?.json)
      #expect(asked["prompt"] as? String == "a castle <lora:moss:0.5> <lora:warm:0.8>" && asked["seed"] as? Int == 7)
      #expect(asked["width"] as? Int == 512)
    }
  }

  @Test("What a server cannot do is refused before it is asked; a failure is one line, and nothing is written")
  func refusals() throws {
    let server = FakeServer { _ in .body([], status: "404 Not Found") }
    try withTemporaryFolder { folder in
      let usage = "aesgrad --help explains the usage"
      try Program.run(arguments(server, folder, ["--best-of", "2"])).expectFailure(
        64, "--best-of and --backend exclude each other: the server draws", hint: usage)
      try Program.run(arguments(server, folder, ["--emphasis", "novelai"])).expectFailure(
        64, "--emphasis and --backend exclude each other: the server has its own", hint: usage)
      try Program.run(["generate", "-p", "a castle", "--url", server.address]).expectFailure(
        64, "--url and --checkpoint are for servers: --backend says which kind it is",
        hint: "aesgrad generate --help explains the usage")
      #expect(server.requests.isEmpty)
      let outcome = try Program.run(arguments(server, folder, ["--quiet"]))
      #expect(outcome.code == 74 && outcome.output == "")
      #expect(outcome.errorLines.first?.contains("nothing at that place (404)") == true, "\(outcome.errors)")
      #expect((try? contents(of: folder.appending("out")))?.isEmpty != false)
    }
  }
}
