import Files
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite struct WeightFileOpening {
  @Test("every good file is opened by its content", arguments: WeightsFixtures.accepted)
  func good(name: String) throws {
    let bytes = try WeightsFixtures.bytes(name)
    // Under a name that says nothing.
    try withFile(bytes) { path in
      let source = try WeightFile.open(path)
      #expect(
        source.format
          == (name.hasSuffix(".safetensors") ? "safetensors" : name.contains("legacy") ? "torch (legacy)" : "torch"))
      try expectTensors(source, try WeightsFixtures.tensors(name))
    }
  }

  @Test("of a file that is something else, the error says what", arguments: wrongFiles)
  func wrong(bytes: [UInt8], words: String) throws {
    try expectRefusal(bytes, words) { try WeightFile.open($0) }
  }

  @Test("a Git LFS pointer and a web page come with the way out") func hints() throws {
    for (text, words) in [
      ("version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"), ("<html>", "download it again"),
    ] {
      try withFile(Array(text.utf8)) { path in
        let error = #expect(throws: FileError.self) { try WeightFile.open(path) }
        #expect(error?.hint?.contains(words) == true)
      }
    }
  }

  @Test("a file that is not there, and a folder, are named as such") func missing() throws {
    try withTemporaryFolder { folder in
      let error = #expect(throws: FileError.self) { try WeightFile.open(folder.appending("none")) }
      #expect(error?.kind == .missing)
      let other = #expect(throws: FileError.self) { try WeightFile.open(folder) }
      #expect(other?.problem == "is a folder, not a file")
    }
  }
}

/// Files that hold no weights, and what should be said of each.
private let wrongFiles: [([UInt8], String)] = [
  ([], "is an empty file; a safetensors or torch file (.pt, .ckpt) was expected"),
  ([0x89] + Array("PNG\r\n\u{1A}\n".utf8), "is a PNG picture"),
  ([0xFF, 0xD8, 0xFF, 0xE0, 0, 16], "is a JPEG picture"),
  (Array("RIFF....WEBPVP8 ".utf8), "is a WebP picture"),
  (Array("GGUF".utf8) + [3, 0, 0, 0], "is a GGUF model"),
  ([0x1F, 0x8B, 8, 0], "is a gzip archive"),
  ([0x50, 0x4B, 5, 6], "is an empty zip archive"),
  (Array("SQLite format 3\0".utf8), "is a SQLite database"),
  (Array("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n".utf8), "is a Git LFS pointer"),
  (Array("<!DOCTYPE html><html>".utf8), "is a web page"),
  (Array("\n <HTML>".utf8), "is a web page"),
  (Array("{\"a\": 1}".utf8), "is a JSON text"),
  (Array("hello, world".utf8), "is a text file"),
  (Array(repeating: 0xC3, count: 300).enumerated().map { $0.offset % 2 == 0 ? 0xC3 : 0xA9 }, "is a text file"),
  (Array(repeating: 0, count: 600), "is a file that begins with zeros"),
  ([0x80, 4, 0x95], "is a Python pickle (protocol 4)"),
  ([0x80, 2, 0x5D, 0x2E], "is a Python pickle"),
  (
    Array(repeating: 0, count: 257) + Array("ustar\0".utf8) + Array(repeating: 0, count: 100),
    "is a tar archive, the layout"
  ),
  ([9, 8, 7, 6, 5, 4, 3, 2, 1], "is neither a safetensors nor a torch file"),
  ([0x50, 0x4B, 3, 4, 0, 0], "too short for a zip file"),
]
