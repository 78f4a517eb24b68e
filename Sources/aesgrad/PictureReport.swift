import Files
import Raster
import SystemPackage

/// What `info` says about a picture.
struct PictureReport: Encodable {
  var format: String
  var width: Int
  var height: Int
  var colorModel: String
  var bitDepth: Int
  var hasAlpha: Bool
  var hasColorProfile: Bool
  var isAnimated: Bool
  /// As Exif numbers them; 1 is upright.
  var orientation: Int
  /// The texts in a PNG by key; `parameters` holds the settings a generated picture was made with.
  var texts: [String: String]

  /// Decodes the whole picture, since only that shows whether it is sound.
  init(of path: FilePath) throws(FileError) {
    let info = try PictureInfo(reading: path)
    _ = try Picture(reading: path)
    format = info.format.rawValue
    (width, height) = (info.width, info.height)
    (colorModel, bitDepth) = (info.colorModel.rawValue, info.bitDepth)
    (hasAlpha, hasColorProfile, isAnimated) = (info.hasAlpha, info.hasColorProfile, info.isAnimated)
    orientation = info.orientation.rawValue
    texts = Dictionary(info.texts.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  /// The picture in one line.
  var description: String { "a picture of \(width) x \(height), \(colorModel), \(bitDepth) bits a value" }

  /// The report for people to read.
  var rows: [(String, String)] {
    var rows: [(String, String)] = []
    if hasAlpha { rows.append(("alpha", "laid over white where it is embedded")) }
    if hasColorProfile { rows.append(("colours", "has an ICC profile, which is not applied")) }
    if isAnimated { rows.append(("animated", "only the first picture counts")) }
    if orientation != 1 { rows.append(("turned", "Exif orientation \(orientation)")) }
    for (key, value) in texts.sorted(by: { $0.key < $1.key }) {
      rows.append((Self.printable(key), Self.printable(value)))
    }
    return rows
  }

  /// The text without what could steer the terminal: control characters but line ends are written out.
  private static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control where scalar != "\n", .format where scalar != "\u{200D}":
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
