import Aesthetic
import Files
import Foundation
import Raster
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite struct AppearanceTests {
  /// Double precision on both sides, rounded to Float32 at the end.
  @Test("the statistics are those that numpy computes (Tools/reference/taste.py)")
  func statistics() throws {
    let url = try #require(Bundle.module.url(forResource: "Fixtures/taste", withExtension: "safetensors"))
    let file = try SafetensorsFile(FilePath(url.path))
    let pixels = try file.tensor("picture.pixels")
    let picture = Picture(width: pixels.shape[1], height: pixels.shape[0], pixels: pixels.elements.map { UInt8($0) })
    let found = Appearance(picture).values
    expectClose(Tensor(found, shape: [found.count]), try file.tensor("picture.appearance"), absolute: 1e-6)
  }

  @Test("one of a picture of one colour has no spread and no edges")
  func plain() {
    let values = Appearance(Picture(width: 3, height: 2, filledWith: Color(red: 255, green: 255, blue: 255))).values
    #expect(values.count == Appearance.count && values[0] > 4)
    // √(1 − 1) of sums that are rounded in double precision.
    for value in values.dropFirst() { #expect(abs(value) < 1e-5) }
  }

  @Test("it is taken from the small picture, and from nothing larger or broken")
  func thumbnails() throws {
    var random = SplitMix(state: 4)
    let large = Picture(
      width: 200, height: 100, pixels: (0..<60_000).map { _ in UInt8.random(in: 0...255, using: &random) })
    let bytes = try large.thumbnail()
    #expect(Appearance(thumbnail: bytes) == Appearance(try Picture(decoding: bytes)))
    #expect(Appearance(thumbnail: try large.png()) == nil)
    #expect(Appearance(thumbnail: [1, 2, 3]) == nil && Appearance(thumbnail: []) == nil)
  }

  @Test("a picture that nobody knows the looks of is an average one")
  func unknown() {
    let (white, black) = (
      Appearance(Picture(width: 1, height: 1, filledWith: Color(red: 255, green: 255, blue: 255))),
      Appearance(Picture(width: 1, height: 1, filledWith: Color(red: 0, green: 0, blue: 0)))
    )
    let sights = Sights(features: Tensor(zeros: [3, 2]), appearances: [white, nil, black])
    #expect(sights.appearance.shape == [3, Appearance.count])
    #expect(sights.appearance.elements[Appearance.count] == white.values[0] / 2)
    let none = Sights(features: Tensor(zeros: [2, 2]), appearances: [nil, nil])
    #expect(none.appearance.elements == [Float](repeating: 0, count: 2 * Appearance.count))
  }
}

@Suite("Appearances in the store")
struct StoreAppearanceTests {
  /// A real small picture of one brightness.
  private func picture(_ number: Int) throws -> PictureRecord {
    let grey = UInt8(40 * number)
    let small = Picture(width: 8, height: 8, filledWith: Color(red: grey, green: grey, blue: grey))
    return PictureRecord(
      hash: StoreFixture.picture(number).hash, width: 8, height: 8, path: FilePath("/p/\(number).png"), settings: nil,
      thumbnail: number == 4 ? [1, 2] : try small.thumbnail())
  }

  /// Makes what is missing, as `learn` does; returns how many there were.
  @discardableResult private func complete(_ store: Store) throws -> Int {
    let missing = try store.picturesWithoutAppearance(limit: 100)
    try store.add(missing.map { (picture: $0, appearance: Appearance(thumbnail: $0.thumbnail)) })
    return missing.count
  }

  @Test("each is made once, and comes with the ratings; one that cannot be made is not tried again")
  func once() throws {
    try StoreFixture.withStore { store, profile, _ in
      try store.rate(
        profile, (0...4).map { StoreFixture.rating($0, .like) }, pictures: (0...4).map(picture), source: "rate")
      try store.add(
        features: Tensor(zeros: [5, 3]), of: (0...4).map { StoreFixture.picture($0).hash }, by: StoreFixture.model)
      #expect(try store.countWithoutAppearance() == 5)
      #expect(try store.picturesWithoutAppearance(limit: 2).count == 2)
      #expect(try complete(store) == 5)
      #expect(try store.countWithoutAppearance() == 0 && store.picturesWithoutAppearance(limit: 2).isEmpty)
      let rated = try store.ratedFeatures(profile, by: StoreFixture.model)
      let expected = try (0...3).map { Appearance(thumbnail: try picture($0).thumbnail) } + [nil]
      #expect(
        rated.sights.appearance.elements
          == Sights(features: Tensor(zeros: [5, 3]), appearances: expected).appearance.elements)
      try store.delete(profile)
      #expect(try complete(store) == 0)
    }
  }

  @Test("a store, and an exported profile, from before appearances are read, and get them")
  func older() throws {
    try withTemporaryFolder { folder in
      let (path, file) = (folder.appending("a.sqlite"), folder.appending("warm.aesgrad"))
      do {
        let store = try Store(path, creating: true)
        try StoreFixture.fill(store, store.createProfile(StoreFixture.name("warm")))
      }
      try StoreFixture.execute("DROP TABLE appearance; DELETE FROM migration WHERE name = '2 appearance'", on: path)
      // An export by that version is the database itself: one profile, and the same tables.
      let bytes = try StoreFixture.bytes(path)
      try OutputFile.write(bytes, to: file, replacing: false)
      try StoreFixture.execute("PRAGMA journal_mode = DELETE", on: file)
      let store = try Store(path)
      let rated = try store.ratedFeatures(store.profile(StoreFixture.name("warm")), by: StoreFixture.model)
      #expect(rated.pictures.count == 5)
      #expect(try complete(store) == 5)
      let there = try Store(folder.appending("there.sqlite"), creating: true)
      try there.importProfile(from: file)
      #expect(try complete(there) == 5)
    }
  }
}
