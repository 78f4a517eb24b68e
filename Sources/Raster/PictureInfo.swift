/// The formats that can be read.
public enum PictureFormat: String, Hashable, Sendable {
  /// Portable Network Graphics.
  case png = "PNG"
  /// JPEG in a JFIF or Exif file.
  case jpeg = "JPEG"
  /// WebP, lossy or lossless.
  case webp = "WebP"
}

/// What the header of a picture file says.
public struct PictureInfo: Hashable, Sendable {
  /// How a pixel is stored.
  public enum ColorModel: String, Hashable, Sendable {
    /// One value from black to white.
    case grey = "grey"
    /// Red, green and blue, or brightness and two colour differences.
    case rgb = "RGB"
    /// A number in a table of colours.
    case palette = "palette"
    /// Cyan, magenta, yellow and black inks.
    case cmyk = "CMYK"
  }

  /// The format, from the first bytes.
  public var format: PictureFormat
  /// Columns as stored, before the orientation is applied.
  public var width: Int
  /// Rows as stored, before the orientation is applied.
  public var height: Int
  /// How a pixel is stored.
  public var colorModel: ColorModel
  /// Bits in each value of a pixel: 1, 2, 4, 8 or 16.
  public var bitDepth: Int
  /// Whether pixels can be transparent, by an alpha channel or by a transparent colour.
  public var hasAlpha = false
  /// Whether there is an ICC profile. It is not applied: sRGB is assumed, as CLIP's own preprocessing does.
  public var hasColorProfile = false
  /// Whether the picture comes in passes that refine it (interlaced PNG, progressive JPEG).
  public var comesInPasses = false
  /// Whether it moves. Then the first picture counts.
  public var isAnimated = false
  /// How it is to be turned before it is looked at, from its Exif data.
  public var orientation = Orientation.upright
  /// The texts of a PNG, in the order of the file. Empty unless they were asked for.
  public var texts: [PictureText] = []
  /// How many texts were left out, being damaged or larger than `PictureText.limit`.
  public var omittedTexts = 0
  /// The most pixels that a file of this length can hold in this format.
  var mostPixels = Int.max
}

extension PictureInfo {
  /// Reads the header of `bytes`, a whole file, and checks that the file is long enough for the pixels it declares.
  /// No pixel is decoded.
  public init(reading bytes: [UInt8]) throws(PictureError) {
    self = try Self.header(of: bytes, texts: true)
    try checkLength()
  }

  /// What the header says, believed or not.
  static func header(of bytes: [UInt8], texts: Bool) throws(PictureError) -> PictureInfo {
    switch try PictureFormat(of: bytes) {
    case .png: try PNGHeader(bytes).info(texts: texts)
    case .jpeg: try JPEGHeader(bytes).info()
    case .webp: try WebPHeader(bytes).info()
    }
  }

  /// Throws if the file is too short for the pixels it declares: then no memory is taken for them.
  func checkLength() throws(PictureError) {
    guard pixelCount <= mostPixels else { throw .endsTooEarly(format) }
  }

  /// Columns times rows.
  public var pixelCount: Int { width * height }
}
