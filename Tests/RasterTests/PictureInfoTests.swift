import Raster
import Testing

@Suite struct PictureInfoTests {
  struct Expected: CustomTestStringConvertible {
    let name: String
    let format: PictureFormat
    let width: Int
    let height: Int
    let colorModel: PictureInfo.ColorModel
    var bitDepth = 8
    var hasAlpha = false
    var comesInPasses = false
    var isAnimated = false
    var orientation = Orientation.upright

    var testDescription: String { name }
  }

  @Test(
    "headers are read for what they say",
    arguments: [
      Expected(name: "grey1.png", format: .png, width: 23, height: 17, colorModel: .grey, bitDepth: 1),
      Expected(
        name: "grey16-key-interlaced.png", format: .png, width: 23, height: 17, colorModel: .grey, bitDepth: 16,
        hasAlpha: true, comesInPasses: true),
      Expected(name: "palette4.png", format: .png, width: 23, height: 17, colorModel: .palette, bitDepth: 4),
      Expected(
        name: "palette2-alpha.png", format: .png, width: 23, height: 17, colorModel: .palette, bitDepth: 2,
        hasAlpha: true),
      Expected(
        name: "rgba16.png", format: .png, width: 23, height: 17, colorModel: .rgb, bitDepth: 16, hasAlpha: true),
      Expected(
        name: "exif6.png", format: .png, width: 37, height: 29, colorModel: .rgb, orientation: .turnedRight),
      Expected(name: "420.jpg", format: .jpeg, width: 37, height: 29, colorModel: .rgb),
      Expected(
        name: "grey-progressive.jpg", format: .jpeg, width: 37, height: 29, colorModel: .grey, comesInPasses: true),
      Expected(name: "ycck-adobe.jpg", format: .jpeg, width: 37, height: 29, colorModel: .cmyk),
      Expected(
        name: "exif8.jpg", format: .jpeg, width: 24, height: 16, colorModel: .rgb, orientation: .turnedLeft),
      Expected(name: "lossy.webp", format: .webp, width: 37, height: 29, colorModel: .rgb),
      Expected(name: "lossless-alpha.webp", format: .webp, width: 37, height: 29, colorModel: .rgb, hasAlpha: true),
      Expected(name: "lossy-alpha.webp", format: .webp, width: 37, height: 29, colorModel: .rgb, hasAlpha: true),
      Expected(name: "animated.webp", format: .webp, width: 37, height: 29, colorModel: .rgb, isAnimated: true),
      Expected(
        name: "exif6.webp", format: .webp, width: 37, height: 29, colorModel: .rgb, orientation: .turnedRight),
    ])
  func headers(expected: Expected) throws {
    let info = try PictureInfo(reading: Fixtures.path("decoding/" + expected.name))
    #expect(info.format == expected.format)
    #expect(info.width == expected.width && info.height == expected.height)
    #expect(info.colorModel == expected.colorModel && info.bitDepth == expected.bitDepth)
    #expect(info.hasAlpha == expected.hasAlpha && !info.hasColorProfile)
    #expect(info.comesInPasses == expected.comesInPasses && info.isAnimated == expected.isAnimated)
    #expect(info.orientation == expected.orientation)
  }

  @Test("a colour profile is noticed in each format")
  func profiles() throws {
    // Behind the first two bytes of a JPEG, a segment of the kind that profiles come in.
    let jpeg = try Fixtures.bytes("decoding/420.jpg")
    let segment: [UInt8] = [0xFF, 0xE2, 0, 16] + Array("ICC_PROFILE\0".utf8) + [1, 1]
    let withProfile = jpeg[..<2] + segment + jpeg[2...]
    #expect(try PictureInfo(reading: Array(withProfile)).hasColorProfile)
    #expect(try Picture(decoding: Array(withProfile)).pixels == Picture(decoding: jpeg).pixels)
    #expect(try PictureInfo(reading: Fixtures.path("swelling.png")).hasColorProfile)
    // Before the pixels of an extended WebP, a chunk of two bytes.
    var webp = try Fixtures.bytes("decoding/exif6.webp")
    webp.insert(contentsOf: Array("ICCP".utf8) + [2, 0, 0, 0, 1, 2], at: 30)
    webp[4] += 10
    #expect(try PictureInfo(reading: webp).hasColorProfile)
  }
}
