/// The markers of a JPEG file before its first scan, walked without decoding a pixel (ITU-T T.81, annex B).
struct JPEGHeader {
  private let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func info() throws(PictureError) -> PictureInfo {
    var info: PictureInfo?
    var orientation: Orientation?
    var hasColorProfile = false
    var position = 2
    while let (marker, data) = try segment(from: position) {
      position = data.upperBound
      switch marker {
      case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF: info = try frame(marker, data)
      case 0xE1 where orientation == nil && bytes.holds("Exif\0\0", at: data.lowerBound):
        orientation = Orientation(exif: bytes[data])
      case 0xE2 where bytes.holds("ICC_PROFILE\0", at: data.lowerBound): hasColorProfile = true
      default: break
      }
      if marker == 0xDA { break }
    }
    guard var info else { throw .damaged(.jpeg, "there is no picture in it") }
    info.orientation = orientation ?? .upright
    info.hasColorProfile = hasColorProfile
    return info
  }

  /// The next marker that has data, and where they are; nil at the end of the picture.
  private func segment(from start: Int) throws(PictureError) -> (UInt8, Range<Int>)? {
    var position = start
    while true {
      // Bytes between segments are garbage, but libjpeg steps over them.
      while position < bytes.count, bytes[position] != 0xFF { position += 1 }
      while position < bytes.count, bytes[position] == 0xFF { position += 1 }
      guard position < bytes.count else { throw .endsTooEarly(.jpeg) }
      let marker = bytes[position]
      position += 1
      switch marker {
      case 0, 1, 0xD0...0xD8: continue
      case 0xD9: return nil
      default:
        guard let length = bytes.bigEndian(at: position, 2), length >= 2, position + length <= bytes.count else {
          throw .endsTooEarly(.jpeg)
        }
        return (marker, position + 2..<position + length)
      }
    }
  }

  private func frame(_ marker: UInt8, _ data: Range<Int>) throws(PictureError) -> PictureInfo {
    guard data.count >= 6, let height = bytes.bigEndian(at: data.lowerBound + 1, 2),
      let width = bytes.bigEndian(at: data.lowerBound + 3, 2), width > 0, height > 0
    else { throw .damaged(.jpeg, "its size is missing") }
    let components = bytes[data.lowerBound + 5]
    let model: PictureInfo.ColorModel
    switch components {
    case 1: model = .grey
    case 3: model = .rgb
    case 4: model = .cmyk
    default: throw .damaged(.jpeg, "it has \(components) colour components")
    }
    let isArithmetic = marker > 0xC8
    // A Huffman code has at least one bit and every block of 8 x 8 pixels at least one code. Arithmetic coding knows no
    // such bound; no picture comes near this one.
    return PictureInfo(
      format: .jpeg, width: width, height: height, colorModel: model, bitDepth: Int(bytes[data.lowerBound]),
      comesInPasses: marker == 0xC2 || marker == 0xCA, mostPixels: bytes.count * (isArithmetic ? 4096 : 8 * 64))
  }
}
