import Raster
import Testing

@Suite struct DecodingTests {
  /// The tolerance is none at all: PNG and lossless WebP are exact by definition, and Pillow decodes JPEG and WebP
  /// with the same libraries and the same choices.
  @Test("every kind of PNG, JPEG and WebP decodes to Pillow's bytes")
  func decoding() throws {
    let all = try ExpectedPicture.all()
    #expect(all.count == 80)
    for (name, expected) in all.sorted(by: { $0.key < $1.key }) {
      let bytes = try Fixtures.bytes("decoding/" + name)
      let picture = try Picture(decoding: bytes)
      #expect(picture.width == expected.width && picture.height == expected.height, "\(name)")
      #expect(difference(picture.pixels, expected.white) == nil, "\(name)")

      let dropped = try Picture(decoding: bytes, PictureDecoding(alpha: .drop))
      #expect(difference(dropped.pixels, expected.drop ?? expected.white) == nil, "\(name), alpha dropped")

      let stored = try Picture(decoding: bytes, PictureDecoding(appliesOrientation: false))
      #expect(difference(stored.pixels, expected.stored ?? expected.white) == nil, "\(name), as stored")
      let isTurned = name.hasPrefix("exif") && name != "exif1.jpg"
      #expect((stored.source?.orientation == .upright) == !isTurned, "\(name)")
    }
  }

  @Test("every colour with every alpha is laid over white as Pillow's alpha_composite does")
  func alphaTable() throws {
    let picture = try Picture(reading: Fixtures.path("alpha-table.png"))
    let expected = try String(decoding: Fixtures.bytes("alpha-table.sha256").prefix(64), as: UTF8.self)
    #expect(sha256(picture.pixels) == expected)
  }

  @Test("our SHA-256 gives the digests of the standard")
  func digests() {
    #expect(sha256(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(sha256([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }
}
