/// A picture in memory: 8-bit sRGB, without transparency.
public struct Picture: Hashable, Sendable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// The pixels, shape [height, width, 3]: red, green, blue, each 0...255, row by row from the top.
  public let pixels: [UInt8]
  /// What the file said that the picture was read from; nil for one made in memory.
  public let source: PictureInfo?

  /// A picture of these pixels, shape [height, width, 3].
  public init(width: Int, height: Int, pixels: [UInt8], source: PictureInfo? = nil) {
    precondition(width > 0 && height > 0, "a picture of \(width) x \(height) pixels")
    precondition(pixels.count == width * height * 3, "\(pixels.count) bytes for \(width) x \(height) pixels")
    self.width = width
    self.height = height
    self.pixels = pixels
    self.source = source
  }

  /// A picture of one colour.
  public init(width: Int, height: Int, filledWith color: Color) {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height * 3)
    for _ in 0..<width * height {
      pixels.append(color.red)
      pixels.append(color.green)
      pixels.append(color.blue)
    }
    self.init(width: width, height: height, pixels: pixels)
  }

  /// The colour in column `x` of row `y`.
  public subscript(x: Int, y: Int) -> Color {
    let first = (y * width + x) * 3
    return Color(red: pixels[first], green: pixels[first + 1], blue: pixels[first + 2])
  }
}

/// An sRGB colour, each channel 0...255.
public struct Color: Hashable, Sendable {
  /// Red.
  public var red: UInt8
  /// Green.
  public var green: UInt8
  /// Blue.
  public var blue: UInt8

  /// A colour of these channels.
  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }
}
