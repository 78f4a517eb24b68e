import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Being interrupted")
struct InterruptionTests {
  @Test("A signal ends long work, shows in the exit code, and leaves nothing", arguments: [SIGINT, SIGTERM])
  func signal(number: Int32) throws {
    try withModelFolder { model, folder in
      // Far more work than there is time for.
      let gallery = folder.appending("gallery")
      try FileManager.default.createDirectory(atPath: gallery.string, withIntermediateDirectories: true)
      for index in 0..<40 {
        try FileManager.default.copyItem(
          atPath: fixture("slow.png"), toPath: gallery.appending("\(index).png").string)
      }
      let outputs = folder.appending("outputs")
      try FileManager.default.createDirectory(atPath: outputs.string, withIntermediateDirectories: true)
      let clock = ContinuousClock()
      var sent = clock.now
      let arguments = [
        "embed", gallery.string, "--clip", model, "-o", outputs.appending("a.safetensors").string, "--per-image",
        outputs.appending("f.safetensors").string,
      ]
      let outcome = try Program.run(
        arguments,
        meanwhile: { process in
          try Program.waitUntilCaught(number, by: process)
          sent = clock.now
          kill(process.processIdentifier, number)
        })
      #expect(clock.now - sent < .seconds(3))
      #expect(outcome.code == 128 + number)
      #expect(outcome.output == "" && outcome.errors == "")
      #expect(try FileManager.default.contentsOfDirectory(atPath: outputs.string) == [])
    }
  }
}
