import Files
import Raster
import SystemPackage
import TestSupport
import Testing

@Suite struct WritingTests {
  private let picture = Picture(width: 19, height: 13, pixels: noise(count: 19 * 13 * 3, seed: 5))

  @Test("a written PNG decodes to the same pixels, and the same picture makes the same bytes")
  func roundTrip() throws {
    let bytes = try picture.png()
    #expect(try difference(Picture(decoding: bytes).pixels, picture.pixels) == nil)
    #expect(try picture.png() == bytes)
    let info = try PictureInfo(reading: bytes)
    #expect(info.format == .png && info.width == 19 && info.height == 13)
    #expect(info.colorModel == .rgb && info.bitDepth == 8 && !info.hasAlpha && !info.comesInPasses)
  }

  @Test("texts come back as they were, whatever script they are in")
  func texts() throws {
    let texts = [
      PictureText(key: "parameters", value: "a café\nNegative prompt: blur\nSteps: 20"),
      PictureText(key: "parameters", value: "a second text of the same key"),
      PictureText(key: "Comment", value: "日本語 🦊 e\u{301}"),
      PictureText(key: "empty", value: ""),
    ]
    let info = try PictureInfo(reading: picture.png(texts: texts))
    #expect(info.texts.map { Array($0.value.unicodeScalars) } == texts.map { Array($0.value.unicodeScalars) })
    #expect(info.texts.map(\.key) == texts.map(\.key) && info.omittedTexts == 0)
  }

  @Test("texts are written in the very chunks that Pillow writes")
  func chunks() throws {
    let pillow = try Fixtures.bytes("texts.png")
    let texts = try PictureInfo(reading: Fixtures.path("texts.png")).texts
    #expect(texts.count == 5)
    #expect(texts[0] == PictureText(key: "parameters", value: "a café in Montréal\nSteps: 20, Seed: 1"))
    #expect(texts[1] == PictureText(key: "Comment", value: "日本語 and 🦊"))
    #expect(texts[2] == PictureText(key: "packed", value: String(repeating: "Latin text. ", count: 50)))
    #expect(texts[3] == PictureText(key: "packed too", value: String(repeating: "Ελληνικά. ", count: 50)))
    #expect(texts[4] == PictureText(key: "empty", value: ""))
    for text in [texts[0], texts[1], texts[4]] {
      let ours = try picture.png(texts: [text])
      // Behind the signature and the header chunk: length, name, data and checksum.
      let length = ours[33..<37].reduce(0) { $0 << 8 | Int($1) }
      #expect(pillow.contains(ours[33..<33 + length + 12]), "\(text.key)")
    }
  }

  @Test("texts that inflate to megabytes are left out, and the picture is read all the same")
  func swelling() throws {
    let info = try PictureInfo(reading: Fixtures.path("swelling.png"))
    #expect(info.texts == [PictureText(key: "Comment", value: "harmless")])
    #expect(info.omittedTexts == 2 && info.hasColorProfile)
    let picture = try Picture(reading: Fixtures.path("swelling.png"))
    #expect(picture.width == 9 && picture.height == 7 && picture.source?.hasColorProfile == true)
  }

  @Test(
    "texts that no reader would accept are refused",
    arguments: [
      PictureText(key: "", value: "x"), PictureText(key: String(repeating: "k", count: 80), value: "x"),
      PictureText(key: "ключ", value: "x"), PictureText(key: "a\0b", value: "x"), PictureText(key: "k", value: "a\0b"),
      PictureText(key: "k", value: String(repeating: "x", count: 1 << 20 + 1)),
    ])
  func refusedTexts(text: PictureText) {
    #expect(throws: PictureError.self) { try picture.png(texts: [text]) }
  }

  @Test("a file appears whole or not at all, and is not replaced unasked")
  func files() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("a.png")
      try picture.writePNG(to: path, replacing: false)
      #expect(try Picture(reading: path).pixels == picture.pixels)
      #expect(throws: FileError.self) { try picture.writePNG(to: path, replacing: false) }
      let refused = folder.appending("b.png")
      #expect(throws: FileError.self) {
        try picture.writePNG(to: refused, texts: [PictureText(key: "", value: "")], replacing: false)
      }
      #expect(throws: FileError.self) { try InputFile(refused) }
    }
  }
}
