/// The chunks of a PNG file, walked without decoding a pixel (PNG specification, second edition, 5.3).
struct PNGHeader {
  private let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// One chunk: its name and where its data stand in the file.
  private struct Chunk {
    let name: ArraySlice<UInt8>
    let data: Range<Int>

    func isCalled(_ text: String) -> Bool { name.elementsEqual(text.utf8) }
  }

  func info(texts: Bool) throws(PictureError) -> PictureInfo {
    var info = try header()
    var reader = PNGTextReader()
    var next = 8
    while let chunk = chunk(at: next) {
      next = chunk.data.upperBound + 4
      if chunk.isCalled("tRNS") { info.hasAlpha = true }
      if chunk.isCalled("iCCP") { info.hasColorProfile = true }
      if chunk.isCalled("acTL") { info.isAnimated = true }
      if chunk.isCalled("eXIf") { info.orientation = Orientation(exif: bytes[chunk.data]) }
      if texts { reader.read(bytes[chunk.data], of: chunk.name) }
      if chunk.isCalled("IEND") { break }
    }
    info.texts = reader.texts
    info.omittedTexts = reader.omitted
    return info
  }

  private func header() throws(PictureError) -> PictureInfo {
    guard let chunk = chunk(at: 8) else { throw .endsTooEarly(.png) }
    guard chunk.isCalled("IHDR"), chunk.data.count == 13,
      let width = bytes.bigEndian(at: 16, 4), let height = bytes.bigEndian(at: 20, 4)
    else { throw .damaged(.png, "it does not begin with a header") }
    guard (1...0x7FFF_FFFF).contains(width), (1...0x7FFF_FFFF).contains(height) else {
      throw .damaged(.png, "its size is \(width) x \(height)")
    }
    let bitDepth = Int(bytes[24])
    let (model, channels, depths): (PictureInfo.ColorModel, Int, [Int])
    switch bytes[25] {
    case 0: (model, channels, depths) = (.grey, 1, [1, 2, 4, 8, 16])
    case 2: (model, channels, depths) = (.rgb, 3, [8, 16])
    case 3: (model, channels, depths) = (.palette, 1, [1, 2, 4, 8])
    case 4: (model, channels, depths) = (.grey, 2, [8, 16])
    case 6: (model, channels, depths) = (.rgb, 4, [8, 16])
    default: throw .damaged(.png, "its colour type is \(bytes[25])")
    }
    guard depths.contains(bitDepth) else { throw .damaged(.png, "its bit depth is \(bitDepth)") }
    // Deflate makes at most 1032 bytes of one.
    return PictureInfo(
      format: .png, width: width, height: height, colorModel: model, bitDepth: bitDepth,
      hasAlpha: bytes[25] & 4 != 0, comesInPasses: bytes[28] == 1,
      mostPixels: bytes.count * 1032 * 8 / (channels * bitDepth))
  }

  private func chunk(at offset: Int) -> Chunk? {
    guard let length = bytes.bigEndian(at: offset, 4), length <= bytes.count - offset - 12 else { return nil }
    return Chunk(name: bytes[offset + 4..<offset + 8], data: offset + 8..<offset + 8 + length)
  }
}
