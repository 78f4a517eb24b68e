import Foundation
import Raster
import SystemPackage
import Testing

struct PictureStatisticTests {
  @Test("Pixel statistics are those that numpy computes")
  func statistics() throws {
    let expected = try Fixtures.json("statistics.json", as: [String: [String: Double]].self)
    #expect(expected.count == 10)
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    for (path, values) in expected {
      let picture = try Picture(reading: FilePath(root.path).appending(path))
      for statistic in PictureStatistic.allCases {
        let value = try #require(values[statistic.rawValue])
        // Sums of 63,000 doubles in another order: as many roundings of 1.1e-16, at worst all one way.
        #expect(abs(statistic(picture) - value) < 7e-12, "\(statistic) of \(path)")
      }
    }
  }

  @Test("Pictures of one pixel have statistics, too")
  func smallest() {
    let picture = Picture(width: 1, height: 1, filledWith: Color(red: 0, green: 255, blue: 0))
    #expect(PictureStatistic.allCases.allSatisfy { $0(picture).isFinite })
    #expect(PictureStatistic.saturation(picture) == 1)
    #expect(PictureStatistic.greenness(picture) == 1)
  }
}
