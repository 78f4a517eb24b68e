internal import Files
public import SystemPackage

extension Picture {
  /// The picture as a PNG file: 8-bit RGB, `texts` in front of the pixels. Equal pictures and texts give equal bytes.
  ///
  /// A text that Latin-1 can say becomes a `tEXt` chunk, any other an `iTXt` chunk in UTF-8, as Pillow's `add_text`
  /// chooses. Throws if a key is not 1 to 79 characters of Latin-1, or a text has a zero byte or is too long to be read.
  public func png(texts: [PictureText] = []) throws(PictureError) -> [UInt8] {
    var chunks: [(name: [UInt8], data: [UInt8])] = []
    for text in texts { chunks.append(try text.chunk()) }
    guard let bytes = Codec.encodePNG(pixels, width: width, height: height, chunks: chunks) else {
      throw PictureError("cannot be made: there is not enough memory for a PNG of \(width) x \(height) pixels")
    }
    return bytes
  }

  /// Writes the picture to a PNG file, whole or not at all. An existing file is refused unless `replacing`.
  public func writePNG(to path: FilePath, texts: [PictureText] = [], replacing: Bool) throws {
    try OutputFile.checkTarget(path, replacing: replacing)
    let bytes: [UInt8]
    do throws(PictureError) {
      bytes = try png(texts: texts)
    } catch {
      throw FileError(.cannotCreate, path, error.problem)
    }
    try OutputFile.write(bytes, to: path, replacing: replacing)
  }
}

extension PictureText {
  fileprivate func chunk() throws(PictureError) -> (name: [UInt8], data: [UInt8]) {
    guard let key = latin1(key), (1...79).contains(key.count), !key.contains(0) else {
      throw PictureError("cannot be made: the text key \(ByteString(key)) is not 1 to 79 characters of Latin-1")
    }
    let text = latin1(value)
    let bytes = text ?? Array(value.utf8)
    guard !bytes.contains(0), bytes.count <= Self.limit else {
      throw PictureError("cannot be made: the text \(ByteString(self.key)) has a zero byte or is longer than 1 MB")
    }
    // An iTXt has, behind its key, two zeros for "not compressed", an empty language and an empty translated key.
    return text != nil
      ? (Array("tEXt".utf8), key + [0] + bytes) : (Array("iTXt".utf8), key + [0, 0, 0, 0, 0] + bytes)
  }

  private func latin1(_ string: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    for scalar in string.unicodeScalars {
      guard let byte = UInt8(exactly: scalar.value) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
