import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite("info")
struct InfoTests {
  @Test("A weight file is named, measured and hashed")
  func weights() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("old.safetensors")
      let entry = WeightEntry("emb", Tensor([3] + [Float](repeating: 0, count: 510) + [4], shape: [1, 512]))
      try SafetensorsWriter.write([entry], metadata: ["made by": "hand"], to: path, replacing: false)
      let bytes = try InputFile(path).readAll(limit: 10_000)
      var hash = SHA256()
      hash.update(bytes.span)

      let outcome = try Program.run(["info", path.string])
      #expect(outcome.code == 0 && outcome.errors == "")
      #expect(
        outcome.output == """
          \(path)
            what      an aesthetic, width 512 (CLIP ViT-B)
            format    safetensors
            tensors   1 (1 F32), 512 numbers
            length    5.0000
            metadata  made by: hand
            size      \(bytes.count) bytes
            sha256    \(hash.finish())

          """)
    }
  }

  @Test("A torch file's code is reported, and not run")
  func suspiciousTorch() throws {
    let path = fixture("system-call.pt")
    let report = try Self.json(["info", "--json", path])
    let weights = try #require(report["weights"] as? [String: Any])
    #expect(weights["suspiciousGlobals"] as? [String] == ["posix.system"])
    #expect(report["warnings"] as? [String] == ["would run programs where it is loaded carelessly: posix.system"])
  }

  @Test("Numbers that are not finite are counted")
  func nonFinite() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("x.safetensors")
      try SafetensorsWriter.write(
        [
          WeightEntry("a", Tensor([.nan, 1, .infinity], shape: [3])),
          WeightEntry("b", Tensor([1, -.infinity], shape: [2])),
        ],
        to: path, replacing: false)
      let report = try Self.json(["info", "--json", path.string])
      #expect((report["weights"] as? [String: Any])?["nonFinite"] as? Int == 3)
      #expect(report["warnings"] as? [String] == ["3 numbers are not finite"])
    }
  }

  @Test("A file that is missing or no weights is one line, and the others are still looked at")
  func failures() throws {
    try withTemporaryFolder { folder in
      let text = folder.appending("notes.png")
      try OutputFile.write(Array("a text\n".utf8), to: text, replacing: false)
      let problem = "\(text): is a text file; a safetensors or torch file (.pt, .ckpt) was expected"
      try Program.run(["info", text.string]).expectFailure(65, problem)
      let missing = folder.appending("none")
      try Program.run(["info", missing.string]).expectFailure(66, "\(missing): there is no such file")

      let good = folder.appending("good.safetensors")
      try SafetensorsWriter.write([WeightEntry("x", Tensor([1, 2], shape: [2]))], to: good, replacing: false)
      let outcome = try Program.run(["info", text.string, good.string])
      #expect(outcome.code == 3)
      #expect(outcome.errorLines == ["error: " + problem, "error: 1 of 2 files failed"])
      #expect(outcome.output.contains("what     an aesthetic, width 2\n"))
    }
  }

  /// The only entry of the JSON's `files`.
  private static func json(_ arguments: [String]) throws -> [String: Any] {
    let outcome = try Program.run(arguments)
    #expect(outcome.code == 0 && outcome.errors == "")
    let root = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let files = try #require(root["files"] as? [[String: Any]])
    #expect(files.count == 1)
    return try #require(files.first)
  }
}
