/// How a stored picture is to be turned before it is looked at (Exif 2.3, tag 0x0112); the raw value is Exif's.
public enum Orientation: Int, Hashable, Sendable {
  /// As stored.
  case upright = 1
  /// Left and right exchanged.
  case mirrored
  /// Turned by 180 degrees.
  case upsideDown
  /// Top and bottom exchanged.
  case flipped
  /// Rows and columns exchanged.
  case transposed
  /// Turned by 90 degrees to the right.
  case turnedRight
  /// Rows and columns exchanged along the other diagonal.
  case transversed
  /// Turned by 90 degrees to the left.
  case turnedLeft

  /// The orientation in a block of Exif data, with or without its "Exif" prefix; upright if it says nothing valid.
  init(exif bytes: ArraySlice<UInt8>) {
    let prefix = Array("Exif\0\0".utf8)
    let tiff = Array(bytes.starts(with: prefix) ? bytes.dropFirst(prefix.count) : bytes)
    self = Self.value(in: tiff).flatMap { Orientation(rawValue: $0) } ?? .upright
  }

  private static func value(in tiff: [UInt8]) -> Int? {
    let isLittleEndian = tiff.starts(with: "II".utf8)
    guard isLittleEndian || tiff.starts(with: "MM".utf8) else { return nil }
    func number(at offset: Int, _ size: Int) -> Int? {
      isLittleEndian ? tiff.littleEndian(at: offset, size) : tiff.bigEndian(at: offset, size)
    }
    guard number(at: 2, 2) == 42, let directory = number(at: 4, 4), let entries = number(at: directory, 2) else {
      return nil
    }
    for index in 0..<entries {
      let entry = directory + 2 + 12 * index
      guard let tag = number(at: entry, 2) else { return nil }
      if tag == 0x0112 { return number(at: entry + 2, 2) == 3 ? number(at: entry + 8, 2) : nil }
    }
    return nil
  }

  /// Whether rows become columns.
  public var exchangesSides: Bool { rawValue >= Orientation.transposed.rawValue }
}

extension Picture {
  /// The picture turned so that it can be looked at.
  public func turned(_ orientation: Orientation) -> Picture {
    guard orientation != .upright else { return self }
    let (newWidth, newHeight) = orientation.exchangesSides ? (height, width) : (width, height)
    // Going one column to the right and one row down in the result moves by these many pixels in the stored picture,
    // from the stored place of the result's first corner.
    let (start, right, down) =
      switch orientation {
      case .upright: (0, 1, width)
      case .mirrored: (width - 1, -1, width)
      case .upsideDown: (width * height - 1, -1, -width)
      case .flipped: (width * (height - 1), 1, -width)
      case .transposed: (0, width, 1)
      case .turnedRight: (width * (height - 1), -width, 1)
      case .transversed: (width * height - 1, -width, -1)
      case .turnedLeft: (width - 1, width, -1)
      }
    let result = Codec.reorder(pixels, start: start, right: right, down: down, width: newWidth, height: newHeight)
    return Picture(width: newWidth, height: newHeight, pixels: result, source: source)
  }
}
