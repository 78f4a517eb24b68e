public import Files
public import SystemPackage

/// How a picture file becomes a picture.
public struct PictureDecoding: Hashable, Sendable {
  /// What becomes of transparency.
  public enum Alpha: String, Hashable, Sendable, CaseIterable {
    /// Transparent pixels are laid over white, as people see them and as Hugging Face's CLIP processor does.
    case overWhite = "white"
    /// Transparency is forgotten and the colour stored with a pixel kept, as OpenAI's CLIP does.
    case drop
  }

  /// What becomes of transparency.
  public var alpha: Alpha
  /// Whether the picture is turned as its Exif data say.
  public var appliesOrientation: Bool
  /// The most pixels a picture may have. It is refused by its header, before any memory is taken.
  public var pixelLimit: Int

  /// Pillow's limit: beyond it, Pillow takes a picture for an attack.
  public static let defaultPixelLimit = 178_956_970

  /// These choices.
  public init(
    alpha: Alpha = .overWhite, appliesOrientation: Bool = true, pixelLimit: Int = Self.defaultPixelLimit
  ) {
    self.alpha = alpha
    self.appliesOrientation = appliesOrientation
    self.pixelLimit = pixelLimit
  }
}

extension Picture {
  /// Decodes a whole PNG, JPEG or WebP file. Which of them it is, its first bytes say.
  ///
  /// Files that are cut short or damaged are refused. ICC profiles are not applied. Of 16-bit values the high byte is
  /// kept, except in grey pictures without alpha, which are scaled by 1/257.
  public init(decoding bytes: [UInt8], _ decoding: PictureDecoding = PictureDecoding()) throws(PictureError) {
    let info = try PictureInfo.header(of: bytes, texts: false)
    guard info.pixelCount <= decoding.pixelLimit else {
      throw PictureError(
        "has \(info.width) x \(info.height) pixels, at most \(decoding.pixelLimit) were expected",
        hint: "--max-pixels raises the limit")
    }
    try info.checkLength()
    let pixels = try Codec.decode(bytes, info, overWhite: decoding.alpha == .overWhite)
    let stored = Picture(width: info.width, height: info.height, pixels: pixels, source: info)
    self = decoding.appliesOrientation ? stored.turned(info.orientation) : stored
  }

  /// Reads and decodes `file`, as `init(decoding:_:)` does.
  public init(reading file: InputFile, _ decoding: PictureDecoding = PictureDecoding()) throws(FileError) {
    let bytes = try file.pictureBytes()
    do throws(PictureError) { try self.init(decoding: bytes, decoding) } catch { throw error.about(file.path) }
  }

  /// Reads and decodes the file at `path`, as `init(decoding:_:)` does.
  public init(reading path: FilePath, _ decoding: PictureDecoding = PictureDecoding()) throws(FileError) {
    try self.init(reading: InputFile(path), decoding)
  }
}

extension PictureInfo {
  /// Reads the header of the file at `path`, and its texts if it is a PNG.
  public init(reading path: FilePath) throws(FileError) {
    let bytes = try InputFile(path).pictureBytes()
    do throws(PictureError) { try self.init(reading: bytes) } catch { throw error.about(path) }
  }
}

extension InputFile {
  /// All bytes of a picture file. Of a file of another kind only the beginning is read.
  public func pictureBytes() throws(FileError) -> [UInt8] {
    let start = try read(at: 0, count: min(count, 512))
    do throws(PictureError) { _ = try PictureFormat(of: start) } catch { throw error.about(path) }
    return try readAll(limit: 1 << 30)
  }
}
