/// What can be told of a picture by looking at its pixels only: one number each, from channels of 0 to 1.
///
/// Each gallery is defined by one of them (`Tools/pocket/statistics_of_pictures.py` has the same formulas).
public enum PictureStatistic: String, CaseIterable, Sendable {
  /// The mean luma, 0.299 R + 0.587 G + 0.114 B.
  case brightness
  /// The mean of (max − min) / max over the three channels.
  case saturation
  /// 1 − 2 × the mean distance, in (R − luma, B − luma), from the sepia line (0.13 s, −0.22 s), s = 4 luma (1 − luma).
  case brownness
  /// The mean of G − (R + B) / 2.
  case greenness
  /// The mean absolute difference of luma between neighbours, across plus down, over (the deviation of luma + 0.02).
  case detail
  /// 1 − the spread of colour in the outer twenty-fifth on each side / (that in the rest + 0.02); the spread is the root of the
  /// three channels' summed variances. Bare paper around a painting is even.
  case frame

  /// The statistic of `picture`.
  public func callAsFunction(_ picture: Picture) -> Double {
    switch self {
    case .brightness: return picture.mean { $0.luma }
    case .saturation: return picture.mean { ($0.highest - $0.lowest) / max($0.highest, 1e-6) }
    case .brownness:
      return 1 - 2
        * picture.mean { pixel in
          let strength = 4 * pixel.luma * (1 - pixel.luma)  // black and white have no tint to compare
          let (red, blue) = (pixel.red - pixel.luma - 0.13 * strength, pixel.blue - pixel.luma + 0.22 * strength)
          return (red * red + blue * blue).squareRoot()
        }
    case .greenness: return picture.mean { $0.green - ($0.red + $0.blue) / 2 }
    case .detail: return Self.detail(of: picture)
    case .frame: return Self.frame(of: picture)
    }
  }

  private static func detail(of picture: Picture) -> Double {
    let (width, height, luma) = (picture.width, picture.height, picture.luma)
    guard width > 1, height > 1 else { return 0 }
    var (across, down) = (0.0, 0.0)
    for row in 0..<height {
      for place in row * width..<(row + 1) * width {
        if place > row * width { across += abs(luma[place] - luma[place - 1]) }
        if row > 0 { down += abs(luma[place] - luma[place - width]) }
      }
    }
    let mean = luma.reduce(0, +) / Double(luma.count)
    let variance = luma.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(luma.count)
    return (across / Double(height * (width - 1)) + down / Double((height - 1) * width))
      / (variance.squareRoot() + 0.02)
  }

  private static func frame(of picture: Picture) -> Double {
    let (width, height) = (picture.width, picture.height)
    let rim = max(1, Int((Double(height) / 25).rounded(.toNearestOrEven)))
    guard width > 2 * rim, height > 2 * rim else { return 0 }
    var (around, within): ([UnitPixel], [UnitPixel]) = ([], [])
    for (place, pixel) in picture.unitPixels.enumerated() {
      let (row, column) = (place / width, place % width)
      if (rim..<height - rim).contains(row), (rim..<width - rim).contains(column) {
        within.append(pixel)
      } else {
        around.append(pixel)
      }
    }
    return 1 - spread(around) / (spread(within) + 0.02)
  }

  private static func spread(_ pixels: [UnitPixel]) -> Double {
    let variances = [\UnitPixel.red, \.green, \.blue].map { channel in
      let mean = pixels.reduce(0) { $0 + $1[keyPath: channel] } / Double(pixels.count)
      return pixels.reduce(0) { $0 + ($1[keyPath: channel] - mean) * ($1[keyPath: channel] - mean) }
        / Double(pixels.count)
    }
    return variances.reduce(0, +).squareRoot()
  }
}

/// A pixel's channels, 0 to 1.
private struct UnitPixel {
  let red: Double
  let green: Double
  let blue: Double

  init(_ color: Color) {
    (red, green, blue) = (Double(color.red) / 255, Double(color.green) / 255, Double(color.blue) / 255)
  }

  var luma: Double { 0.299 * red + 0.587 * green + 0.114 * blue }
  var highest: Double { max(red, green, blue) }
  var lowest: Double { min(red, green, blue) }
}

extension Picture {
  fileprivate var unitPixels: some Sequence<UnitPixel> {
    (0..<height).lazy.flatMap { y in (0..<width).lazy.map { x in UnitPixel(self[x, y]) } }
  }

  fileprivate var luma: [Double] { unitPixels.map(\.luma) }

  fileprivate func mean(_ value: (UnitPixel) -> Double) -> Double {
    unitPixels.reduce(0) { $0 + value($1) } / Double(width * height)
  }
}
