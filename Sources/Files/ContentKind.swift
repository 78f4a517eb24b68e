/// What the first bytes of a file tell about it, for messages about files that are something else than expected.
package enum ContentKind {
  /// How many first bytes are worth looking at.
  package static let sampleLength = 512

  /// What a file that begins with `bytes` is, as a phrase like "a PNG picture"; nil if they tell nothing.
  package static func describe(_ bytes: [UInt8]) -> String? {
    if bytes.isEmpty { return "an empty file" }
    if bytes.starts(with: "version https://git-lfs".utf8) {
      return "a Git LFS pointer, not the file that it stands for"
    }
    if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) { return "a WebP picture" }
    if bytes.dropFirst(257).starts(with: "ustar".utf8) { return "a tar archive" }
    for (signature, kind) in signatures where bytes.starts(with: signature) { return kind }
    if bytes.allSatisfy({ $0 == 0 }) { return "a file that begins with zeros, as a broken download does" }
    return describeText(bytes)
  }

  private static let signatures: [([UInt8], String)] = [
    ([0x89] + Array("PNG\r\n".utf8), "a PNG picture"),
    ([0xFF, 0xD8, 0xFF], "a JPEG picture"),
    (Array("GIF8".utf8), "a GIF picture"),
    (Array("GGUF".utf8), "a GGUF model"),
    (Array("lmgg".utf8), "a GGML model"),
    (Array("tjgg".utf8), "a GGML model"),
    ([0x89] + Array("HDF\r\n".utf8), "an HDF5 file"),
    ([0x93] + Array("NUMPY".utf8), "a NumPy array"),
    ([0x50, 0x4B, 3, 4], "a zip archive"),
    ([0x50, 0x4B, 5, 6], "an empty zip archive"),
    ([0x1F, 0x8B], "a gzip archive"),
    ([0x28, 0xB5, 0x2F, 0xFD], "a Zstandard archive"),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7-Zip archive"),
    (Array("Rar!".utf8), "a RAR archive"),
    (Array("SQLite format 3".utf8), "a SQLite database"),
    (Array("%PDF".utf8), "a PDF document"),
    ([0x7F] + Array("ELF".utf8), "a program"),
    ([0x80, 2], "a Python pickle"), ([0x80, 3], "a Python pickle"),
    ([0x80, 4], "a Python pickle (protocol 4)"), ([0x80, 5], "a Python pickle (protocol 5)"),
  ]

  private static func describeText(_ bytes: [UInt8]) -> String? {
    // The sample may end within a character: at most three bytes of one can be missing.
    let isText = (0...3).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
    guard isText, bytes.allSatisfy({ $0 >= 0x20 || (9...13).contains($0) }) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self).drop { $0.isWhitespace }.lowercased()
    if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") { return "a web page" }
    if text.hasPrefix("<?xml") || text.hasPrefix("<svg") { return "an XML text" }
    if text.hasPrefix("{") || text.hasPrefix("[") { return "a JSON text" }
    return "a text file"
  }
}
