import Files
import Foundation
import Raster
import SystemPackage
import TestSupport
import Testing

@Suite struct BadInputTests {
  /// What decoding says of `bytes`, or nil if it says nothing.
  private func problem(_ bytes: [UInt8], _ decoding: PictureDecoding = PictureDecoding()) -> String? {
    do throws(PictureError) {
      _ = try Picture(decoding: bytes, decoding)
      return nil
    } catch {
      return error.problem
    }
  }

  @Test(
    "a file of another kind is called by its name",
    arguments: [
      ("", "is empty"), ("hello, world\n", "is a text file"), ("GIF89a\u{1}", "is a GIF picture"),
      ("BM\u{36}\0\0", "is a BMP picture"), ("\0\0\0\u{1C}ftypavif", "is an AVIF picture"),
      ("\0\0\0\u{18}ftypheic", "is a HEIC picture"), ("II*\0\u{8}", "is a TIFF picture"),
      ("%PDF-1.7\n", "is a PDF document"), ("PK\u{3}\u{4}\u{14}", "is a zip archive"),
      ("\u{40}\0\0\0\0\0\0\0{\"a\":{}}", "is a safetensors file"), ("\u{1}\u{2}\u{3}\u{4}", "is of an unknown kind"),
      ("<svg xmlns='…'/>", "is an SVG drawing"), ("RIFF\u{24}\0\0\0WAVEfmt ", "is a sound file"),
    ])
  func otherKinds(content: String, expected: String) {
    #expect(problem(Array(content.utf8)) == "\(expected), a picture (PNG, JPEG or WebP) was expected")
  }

  @Test("neither the name of a file nor its neighbours make it a picture")
  func files() throws {
    try withTemporaryFolder { folder in
      let text = folder.appending("text.png")
      try OutputFile.write(Array("not a picture".utf8), to: text, replacing: false)
      let pipe = folder.appending("pipe.png")
      #expect(unsafe mkfifo(pipe.string, 0o600) == 0)
      let directory = folder.appending("folder.png")
      try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: false)
      for (path, expected) in [
        (text, "is a text file, a picture (PNG, JPEG or WebP) was expected"), (pipe, "is not a regular file"),
        (directory, "is a folder, not a file"), (folder.appending("none.png"), "there is no such file"),
      ] {
        do throws(FileError) {
          _ = try Picture(reading: path)
          Issue.record("\(path) was read")
        } catch {
          #expect(error.description == "\(path): \(expected)")
        }
      }
      // A JPEG is one, whatever it is called.
      let disguised = folder.appending("photo.png")
      try OutputFile.write(Fixtures.bytes("decoding/420.jpg"), to: disguised, replacing: false)
      #expect(try Picture(reading: disguised).source?.format == .jpeg)
    }
  }

  @Test("a file cut short anywhere is refused")
  func cuts() throws {
    for name in try ExpectedPicture.all().keys {
      let bytes = try Fixtures.bytes("decoding/" + name)
      for count in 0..<bytes.count {
        #expect(problem(Array(bytes.prefix(count))) != nil, "\(name), \(count) of \(bytes.count) bytes")
      }
    }
  }

  @Test("bytes behind the end of a picture do not matter")
  func trailing() throws {
    for name in ["rgb8.png", "420.jpg", "lossy.webp"] {
      #expect(try problem(Fixtures.bytes("decoding/" + name) + [1, 2, 3]) == nil, "\(name)")
    }
  }

  @Test("a picture larger than the limit is refused by its header, one larger than its file could hold too")
  func declaredSizes() throws {
    let jpeg = try Fixtures.bytes("decoding/grey.jpg")
    let size = try #require(jpeg.firstRange(of: [0xFF, 0xC0])).lowerBound + 5
    var large = jpeg
    large.replaceSubrange(size..<size + 4, with: [0xFF, 0xDC, 0xFF, 0xDC])
    #expect(problem(large) == "has 65500 x 65500 pixels, at most 178956970 were expected")
    let open = PictureDecoding(pixelLimit: .max)
    #expect(problem(large, open) == "is a damaged JPEG picture: the file ends too early")

    var png = try Fixtures.bytes("decoding/rgb8.png")
    png.replaceSubrange(16..<24, with: [0, 0, 0x4E, 0x20, 0, 0, 0x4E, 0x20])
    #expect(problem(png) == "has 20000 x 20000 pixels, at most 178956970 were expected")
    #expect(problem(png, open) == "is a damaged PNG picture: the file ends too early")

    var webp = try Fixtures.bytes("decoding/lossy.webp")
    webp.replaceSubrange(26..<30, with: [0xFF, 0x3F, 0xFF, 0x3F])
    #expect(problem(webp) == "has 16383 x 16383 pixels, at most 178956970 were expected")
    #expect(problem(webp, open) == "is a damaged WebP picture: the file ends too early")

    let exact = try Fixtures.bytes("decoding/rgb8.png")
    #expect(problem(exact, PictureDecoding(pixelLimit: 23 * 17)) == nil)
    #expect(problem(exact, PictureDecoding(pixelLimit: 23 * 17 - 1)) != nil)
  }

  @Test("a progressive JPEG of hundreds of scans is refused")
  func scans() throws {
    let bytes = try Fixtures.bytes("decoding/grey-progressive.jpg")
    let first = try #require(bytes.firstRange(of: [0xFF, 0xDA])).lowerBound
    let second = try #require(bytes[(first + 2)...].firstRange(of: [0xFF, 0xC4])).lowerBound
    // The first scan, said to bring all bits at once, so that it may come again and again.
    var scan = Array(bytes[first..<second])
    scan[9] = 0
    let few = bytes[..<first] + Array(repeatElement(scan, count: 90).joined()) + [0xFF, 0xD9]
    let many = bytes[..<first] + Array(repeatElement(scan, count: 200).joined()) + [0xFF, 0xD9]
    #expect(problem(Array(few)) == nil)
    #expect(problem(Array(many)) == "is a damaged JPEG picture: it has more than 100 scans")
  }

  @Test("damage inside the data is refused and not shown as grey")
  func damage() throws {
    var png = try Fixtures.bytes("decoding/rgb8.png")
    png[60] ^= 1
    #expect(problem(png)?.hasPrefix("is a damaged PNG picture: IDAT: ") == true)
    var jpeg = try Fixtures.bytes("decoding/420.jpg")
    let data = try #require(jpeg.firstRange(of: [0xFF, 0xDA])).lowerBound + 60
    jpeg.replaceSubrange(data..<data + 2, with: [0xFF, 0xD9])
    #expect(problem(jpeg)?.hasPrefix("is a damaged JPEG picture: ") == true)
    var webp = try Fixtures.bytes("decoding/lossless.webp")
    for index in 60..<90 { webp[index] ^= 0x5A }
    #expect(problem(webp)?.hasPrefix("is a damaged WebP picture: ") == true)
  }
}
