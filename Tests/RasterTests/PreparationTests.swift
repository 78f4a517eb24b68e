import Raster
import Testing

@Suite struct PreparationTests {
  @Test("ten sizes in six colour modes are prepared for CLIP to Pillow's bytes", arguments: CLIPCrop.allCases)
  func preparation(crop: CLIPCrop) throws {
    let all = try Fixtures.json("clip.json", as: [String: [String: String]].self)
    #expect(all.count == 60)
    for (name, expected) in all.sorted(by: { $0.key < $1.key }) {
      let prepared = try Picture(reading: Fixtures.path("clip/" + name)).preparedForCLIP(crop: crop)
      #expect(prepared.width == 224 && prepared.height == 224)
      #expect(sha256(prepared.pixels) == expected[crop.rawValue], "\(name)")
    }
  }

  private struct Resizing: Decodable {
    let from: [Int]
    let to: [Int]
    let seed: UInt64
    let source: String
    let result: String
    let lanczos: String
  }

  @Test("resizing gives Pillow's bytes, whichever axes change and however tall the picture")
  func resizing() throws {
    for expected in try Fixtures.json("resizing.json", as: [Resizing].self) {
      let pixels = noise(count: expected.from[0] * expected.from[1] * 3, seed: expected.seed)
      #expect(sha256(pixels) == expected.source)
      let picture = Picture(width: expected.from[0], height: expected.from[1], pixels: pixels)
      let resized = picture.resized(width: expected.to[0], height: expected.to[1])
      #expect(sha256(resized.pixels) == expected.result, "\(expected.from) to \(expected.to)")
      let lanczos = picture.resized(width: expected.to[0], height: expected.to[1], .lanczos)
      #expect(sha256(lanczos.pixels) == expected.lanczos, "\(expected.from) to \(expected.to)")
    }
  }

  @Test("the two crops differ by one pixel where the surplus leaves 3 of 4")
  func crops() {
    // 640 x 427 becomes 335 x 224: a surplus of 111, half of which is 55.5.
    let row = (0..<640).flatMap { x -> [UInt8] in [UInt8(x / 3), 0, 0] }
    let picture = Picture(width: 640, height: 427, pixels: [[UInt8]](repeating: row, count: 427).flatMap { $0 })
    let openAI = picture.preparedForCLIP(crop: .openAI)
    let huggingFace = picture.preparedForCLIP(crop: .huggingFace)
    #expect(openAI[0, 0] == huggingFace[1, 0])
    #expect(openAI[222, 100] == huggingFace[223, 100])
  }

  @Test("a line of pixels is prepared without making room for the long side at full size")
  func line() {
    let picture = Picture(width: 1, height: 400_000, filledWith: Color(red: 9, green: 8, blue: 7))
    let prepared = picture.preparedForCLIP()
    #expect(prepared == Picture(width: 224, height: 224, filledWith: Color(red: 9, green: 8, blue: 7)))
  }
}
