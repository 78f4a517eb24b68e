import Aesthetic
import CLIPKit
import Files
import Foundation
import Raster
import SystemPackage
import TensorKit

/// The pictures that simulated people look at.
struct Pool: Sendable {
  let sights: Sights
  var features: Tensor { sights.features }  // [n, D]
  /// For each statistic, its value for every picture, of mean 0 and deviation 1.
  let statistics: [String: [Double]]
  /// Pictures that are rated, and others that tell how well a taste was learned: every fourth.
  let rated: [Int]
  let unseen: [Int]
  /// Those that are rated, in the order of `rated`.
  let ratedSights: Sights

  /// All pictures below `folder`, seen by the image encoder of the CLIP model at `clip`.
  init(_ folder: FilePath, clip: FilePath) throws {
    let encoder = try ImageFeatures(ModelLocation(clip))
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder.string).sorted()
    let paths = names.filter { $0.hasSuffix(".png") || $0.hasSuffix(".jpg") }.map { folder.appending($0) }
    var parts: [Tensor] = []
    var appearances: [Appearance?] = []
    var values: [String: [Double]] = [:]
    for start in stride(from: 0, to: paths.count, by: 16) {
      let pictures = try paths[start..<min(start + 16, paths.count)].map { try Picture(reading: $0) }
      let squares = pictures.map { $0.preparedForCLIP(side: encoder.preprocessing.side) }
      parts.append(encoder(encoder.preprocessing.pixels(squares, crop: .openAI)))
      for picture in pictures {
        appearances.append(Appearance(thumbnail: try picture.thumbnail()))
        for (name, value) in PixelStatistics(picture).values { values[name, default: []].append(value) }
      }
    }
    guard paths.count >= 100 else {
      throw FileError(.missing, folder, "holds \(paths.count) pictures; at least 100 are needed")
    }
    sights = Sights(features: Tensor.concatenated(parts), appearances: appearances)
    statistics = values.mapValues(standardised)
    unseen = paths.indices.filter { $0 % 4 == 3 }
    rated = paths.indices.filter { $0 % 4 != 3 }
    ratedSights = sights.rows(rated)
  }
}

/// What can be told of a picture by looking at its pixels only.
struct PixelStatistics {
  /// Darkness, saturation, warmth and busyness; higher means more.
  let values: [(String, Double)]

  init(_ picture: Picture) {
    let (width, height) = (picture.width, picture.height)
    var (saturation, warmth, edges) = (0.0, 0.0, 0.0)
    var luma = [Double](repeating: 0, count: width * height)
    for place in luma.indices {
      let channels = (0..<3).map { Double(picture.pixels[3 * place + $0]) / 255 }
      let (low, high) = (channels.min() ?? 0, channels.max() ?? 0)
      luma[place] = 0.299 * channels[0] + 0.587 * channels[1] + 0.114 * channels[2]
      saturation += (high - low) / max(high, 1e-6)
      warmth += channels[0] - channels[2]
    }
    for row in 0..<height {
      for column in 0..<width {
        let place = row * width + column
        if column > 0 { edges += abs(luma[place] - luma[place - 1]) }
        if row > 0 { edges += abs(luma[place] - luma[place - width]) }
      }
    }
    let pixels = Double(luma.count)
    values = [
      ("dark", -luma.reduce(0, +) / pixels), ("saturated", saturation / pixels), ("warm", warmth / pixels),
      ("busy", edges / pixels),
    ]
  }
}

/// The values minus their mean, divided by their deviation.
func standardised(_ values: [Double]) -> [Double] {
  let mean = values.reduce(0, +) / Double(values.count)
  let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
  return values.map { ($0 - mean) / max(deviation, .leastNormalMagnitude) }
}
