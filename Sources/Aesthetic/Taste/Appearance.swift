import Foundation
package import Raster

/// What a picture looks like, whatever it shows: statistics of its colours and edges.
///
/// Of the lightness Y, of the opponent colours red against green and yellow against blue, and of how far these two are
/// from grey: the mean and the standard deviation over all pixels (Hasler and Süsstrunk 2003, Human Vision and Electronic
/// Imaging 8, section 5). And how much the lightness changes from a pixel to the next, which tells busy pictures from
/// plain ones. Statistics of this kind tell how photographs are rated (Datta et al. 2006, ECCV 9); CLIP, which learned
/// what pictures show, has them only in part.
///
/// They are taken from the small picture that is kept with a profile, so that they can be made again when the file is
/// gone, and come out the same wherever it was.
package struct Appearance: Sendable, Hashable {
  /// How many statistics there are.
  package static let count = 9
  /// The statistics in units of `deviations`: of lightness, red − green, yellow − blue and distance from grey the mean and
  /// the deviation each; edges.
  package let values: [Float]

  /// How much each statistic differs among pictures, for channels from 0 to 1: the standard deviation over the small
  /// pictures of `galleries/`, rounded. It makes unlike statistics comparable before anything has been rated.
  private static let deviations = [0.23, 0.08, 0.08, 0.07, 0.11, 0.08, 0.09, 0.07, 0.09]

  /// The appearance of `picture`.
  package init(_ picture: Picture) {
    let (width, pixels) = (picture.width, picture.pixels)
    let count = Double(width * picture.height)
    // Lightness, red − green, yellow − blue, distance from grey.
    var (sums, squares, edges) = (SIMD4<Double>.zero, SIMD4<Double>.zero, 0.0)
    var above = [Double](repeating: 0, count: width)
    for place in 0..<width * picture.height {
      let (red, green) = (Double(pixels[3 * place]) / 255, Double(pixels[3 * place + 1]) / 255)
      let blue = Double(pixels[3 * place + 2]) / 255
      let lightness = 0.299 * red + 0.587 * green + 0.114 * blue
      let (redGreen, yellowBlue) = (red - green, (red + green) / 2 - blue)
      let fromGrey = (redGreen * redGreen + yellowBlue * yellowBlue).squareRoot()
      let values = SIMD4(lightness, redGreen, yellowBlue, fromGrey)
      sums += values
      squares += values * values
      let column = place % width
      if column > 0 { edges += abs(lightness - above[column - 1]) }
      if place >= width { edges += abs(lightness - above[column]) }
      above[column] = lightness
    }
    let means = sums / count
    let variances = squares / count - means * means
    let statistics = (0..<4).flatMap { [means[$0], max(0, variances[$0]).squareRoot()] } + [edges / count]
    values = zip(statistics, Self.deviations).map { Float($0 / $1) }
  }

  /// The appearance of the small picture in these bytes, as `Picture.thumbnail` makes them; nil if they are none.
  package init?(thumbnail bytes: [UInt8]) {
    // A few bytes could declare a picture of hundreds of megabytes.
    guard let header = try? PictureInfo(reading: bytes), max(header.width, header.height) <= Picture.thumbnailSide,
      let picture = try? Picture(decoding: bytes)
    else { return nil }
    self.init(picture)
  }

  /// The statistics as they are kept: little-endian Float32.
  var data: Data { unsafe values.withUnsafeBytes { unsafe Data($0) } }

  /// The appearance that `data` holds; nil if it holds none.
  init?(_ data: Data) {
    guard data.count == 4 * Self.count else { return nil }
    values = (0..<Self.count).map { index in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(data[data.startIndex + 4 * index + $1]) << (8 * $1) })
    }
    guard values.allSatisfy(\.isFinite) else { return nil }
  }
}
