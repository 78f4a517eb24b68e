import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// The model that ships: what is used where none is named.
@Suite struct PocketTests {
  @Test("The model that ships is used where none is named, wherever the program is called from")
  func bundled() throws {
    try withTemporaryFolder { folder in
      let out = folder.appending("c.safetensors")
      let outcome = try Program.run(
        ["encode", "a castle", "-o", "c.safetensors"],
        prepare: { $0.currentDirectoryURL = URL(filePath: folder.string) })
      #expect(outcome.code == 0 && outcome.errors == "")
      #expect(outcome.output == "c.safetensors: conditioning [77, 192]\n")
      #expect(try SafetensorsFile(out).metadata["model"] == "pocket")
      let tokens = try Program.run(["tokenize", "a castle"])
      #expect(tokens.output.hasPrefix("a castle: 2 of 75 tokens\n"))
    }
  }

  @Test("A link to the program finds it, too; a program that was copied alone says what is missing")
  func places() throws {
    try withTemporaryFolder { folder in
      let program = try Program.executable.path
      let link = folder.appending("link")
      try FileManager.default.createSymbolicLink(atPath: link.string, withDestinationPath: program)
      let linked = try Program.run(["tokenize", "a"], prepare: { $0.executableURL = URL(filePath: link.string) })
      #expect(linked.code == 0)
      let copy = folder.appending("copy")
      try FileManager.default.copyItem(atPath: program, toPath: copy.string)
      let alone = try Program.run(
        ["encode", "a", "-o", folder.appending("c").string], prepare: { $0.executableURL = URL(filePath: copy.string) })
      alone.expectFailure(
        64, "No model is named: -m names one, or $AESGRAD_MODEL", hint: "aesgrad --help explains the usage")
    }
  }

  @Test("It has its own learning rate, unless another is asked for")
  func learningRate() throws {
    try withTemporaryFolder { folder in
      let delta = folder.appending("d.safetensors")
      let aesthetic = folder.appending("e.safetensors")
      let embedded = try Program.run(["embed", galleryFolder("sepia"), "-o", aesthetic.string])
      #expect(embedded.code == 0)
      let cases: [(options: [String], rate: ByteString)] = [([], "1.2e-05"), (["--lr", "1e-3"], "0.001")]
      for (options, rate) in cases {
        let outcome = try Program.run(
          ["personalize", "-p", "a castle", "--aesthetic", aesthetic.string, "--steps", "1", "--delta", delta.string]
            + options)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let found = try SafetensorsFile(delta).metadata["learning_rate"]
        #expect(found == rate)
        try FileManager.default.removeItem(atPath: delta.string)
      }
    }
  }
}

/// The folder of a gallery that ships.
func galleryFolder(_ name: String) -> String {
  URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "galleries").appending(path: name).path
}
