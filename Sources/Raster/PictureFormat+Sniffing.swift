extension PictureFormat {
  /// The format that `bytes`, the beginning of a file or all of it, are in. What the file is called does not matter.
  public init(of bytes: some Collection<UInt8>) throws(PictureError) {
    let start = Array(bytes.prefix(512))
    if start.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if start.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if start.starts(with: "RIFF".utf8), start.dropFirst(8).starts(with: "WEBP".utf8) {
      self = .webp
    } else {
      throw PictureError("is \(Self.otherKind(start)), a picture (PNG, JPEG or WebP) was expected")
    }
  }

  /// What a file that is no picture of ours seems to be, for people.
  private static func otherKind(_ start: [UInt8]) -> String {
    if start.isEmpty { return "empty" }
    for (offset, signature, kind) in signatures where start.dropFirst(offset).starts(with: signature.utf8) {
      return kind
    }
    for (signature, kind) in binarySignatures where start.starts(with: signature) { return kind }
    // Eight bytes of length, then JSON.
    if start.count > 9, start[5...7] == [0, 0, 0], start[8] == UInt8(ascii: "{") { return "a safetensors file" }
    return isText(start) ? "a text file" : "of an unknown kind"
  }

  private static let signatures: [(Int, String, String)] = [
    (0, "GIF87a", "a GIF picture"), (0, "GIF89a", "a GIF picture"), (0, "BM", "a BMP picture"),
    (4, "ftypavif", "an AVIF picture"), (4, "ftypavis", "an AVIF picture"), (4, "ftyphe", "a HEIC picture"),
    (4, "ftypmif1", "a HEIF picture"), (4, "ftypmsf1", "a HEIF picture"), (4, "ftyp", "a video"),
    (4, "JXL ", "a JPEG XL picture"), (4, "jP  ", "a JPEG 2000 picture"), (0, "8BPS", "a Photoshop picture"),
    (0, "II*\0", "a TIFF picture"), (0, "MM\0*", "a TIFF picture"), (0, "%PDF-", "a PDF document"),
    (0, "<svg", "an SVG drawing"), (0, "<?xml", "an XML text"), (0, "<!DOCTYPE", "a web page"),
    (0, "<html", "a web page"), (0, "SQLite format 3\0", "an SQLite database"), (0, "7z", "a 7-Zip archive"),
    (8, "WAVE", "a sound file"), (8, "AVI ", "a video"), (0, "GGUF", "a GGUF model"),
  ]

  private static let binarySignatures: [([UInt8], String)] = [
    ([0x50, 0x4B, 0x03, 0x04], "a zip archive"), ([0x50, 0x4B, 0x05, 0x06], "a zip archive"),
    ([0x1F, 0x8B], "a gzip archive"), ([0x80, 0x02], "a Python pickle"), ([0xFF, 0x0A], "a JPEG XL picture"),
    ([0x1A, 0x45, 0xDF, 0xA3], "a video"), ([0x00, 0x00, 0x01, 0x00], "an icon file"),
    ([0x7F, 0x45, 0x4C, 0x46], "a program"),
  ]

  /// Whether the bytes read as UTF-8 without control characters. The end may cut a character in two.
  private static func isText(_ start: [UInt8]) -> Bool {
    let isPlain = start.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) || $0 == 0x1B }
    return isPlain
      && (0...3).contains { dropped in String(validating: start.dropLast(dropped), as: UTF8.self) != nil }
  }
}
