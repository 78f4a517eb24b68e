/// The chunks of a WebP file, walked without decoding a pixel (RFC 9649).
struct WebPHeader {
  private let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func info() throws(PictureError) -> PictureInfo {
    guard let size = bytes.littleEndian(at: 4, 4), size >= 12, size <= bytes.count - 8 else {
      throw .endsTooEarly(.webp)
    }
    let end = 8 + size
    var info = PictureInfo(format: .webp, width: 0, height: 0, colorModel: .rgb, bitDepth: 8)
    var isLossy = false
    var position = 12
    while let data = chunk(at: position, end: end) {
      if bytes.holds("VP8X", at: position) {
        try readExtended(data, into: &info)
      } else if bytes.holds("VP8 ", at: position) {
        isLossy = true
        if info.width == 0 { try readLossy(data, into: &info) }
      } else if bytes.holds("VP8L", at: position) {
        if info.width == 0 { try readLossless(data, into: &info) }
      } else if bytes.holds("ICCP", at: position) {
        info.hasColorProfile = true
      } else if bytes.holds("EXIF", at: position) {
        info.orientation = Orientation(exif: bytes[data])
      }
      position = data.upperBound + data.count % 2
    }
    guard info.width > 0, info.height > 0 else { throw .damaged(.webp, "there is no picture in it") }
    // A lossy block of 16 x 16 pixels takes more than three bits. A lossless picture of one colour takes none, however
    // large; beyond what screens show we do not believe in it. An animation's canvas is painted before its frame.
    let free = info.isAnimated ? 1 << 20 : isLossy ? 256 : 1 << 24
    info.mostPixels = free + bytes.count * 1024
    return info
  }

  private func chunk(at offset: Int, end: Int) -> Range<Int>? {
    guard let length = bytes.littleEndian(at: offset + 4, 4), length <= end - offset - 8 else { return nil }
    return offset + 8..<offset + 8 + length
  }

  private func readExtended(_ data: Range<Int>, into info: inout PictureInfo) throws(PictureError) {
    guard data.count >= 10, let width = bytes.littleEndian(at: data.lowerBound + 4, 3),
      let height = bytes.littleEndian(at: data.lowerBound + 7, 3)
    else { throw .endsTooEarly(.webp) }
    info.hasAlpha = bytes[data.lowerBound] & 0x10 != 0
    info.isAnimated = bytes[data.lowerBound] & 0x02 != 0
    (info.width, info.height) = (width + 1, height + 1)
  }

  private func readLossy(_ data: Range<Int>, into info: inout PictureInfo) throws(PictureError) {
    guard data.count >= 10, let width = bytes.littleEndian(at: data.lowerBound + 6, 2),
      let height = bytes.littleEndian(at: data.lowerBound + 8, 2)
    else { throw .endsTooEarly(.webp) }
    (info.width, info.height) = (width & 0x3FFF, height & 0x3FFF)
  }

  private func readLossless(_ data: Range<Int>, into info: inout PictureInfo) throws(PictureError) {
    guard data.count >= 5, let bits = bytes.littleEndian(at: data.lowerBound + 1, 4) else { throw .endsTooEarly(.webp) }
    (info.width, info.height) = (bits & 0x3FFF + 1, bits >> 14 & 0x3FFF + 1)
    info.hasAlpha = bits >> 28 & 1 != 0
  }
}
