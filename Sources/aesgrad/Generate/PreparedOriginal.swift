import Diffusion
import Files
import Raster
import SystemPackage
import TensorKit

/// A picture that others are made from, read and at their size.
struct PreparedOriginal {
  /// What is sampled from.
  let original: Original
  /// What the pictures made from it say about it.
  let fields: [GenerationText.Setting]
  private let picture: Picture
  /// [height · width]: whether a pixel is made anew; nil where all are.
  private let mask: [Bool]?

  /// Reads the picture and its mask, and brings them to the size of `settings`; where none was asked for that is set to
  /// their own, rounded down to what is possible.
  init(_ wanted: OriginalSettings, _ settings: inout PictureSettings, hasSize: Bool) throws(FileError) {
    let (read, hash) = try Self.read(wanted.path)
    var picture = read
    var hashes = [hash]
    var mask: [Bool]?
    if let path = wanted.mask {
      let (drawn, hash) = try Self.read(path)
      guard drawn.width == picture.width, drawn.height == picture.height else {
        throw FileError(
          .malformed, path,
          "is a mask of \(drawn.width)x\(drawn.height) pixels; \(picture.width)x\(picture.height) were expected, as "
            + "\(wanted.path.printable) has")
      }
      mask = drawn.isLight
      hashes.append(hash)
    }
    if !wanted.hashes.isEmpty, wanted.hashes != hashes {
      throw FileError(
        .malformed, wanted.path, "or its mask has changed since the picture was made from it",
        hint: "--init-image says which picture is to be used instead")
    }
    if let margins = wanted.margins {
      mask = (mask ?? [Bool](repeating: false, count: picture.width * picture.height))
        .extended(by: margins, width: picture.width, with: true)
      picture = picture.extended(by: margins)
    }
    if !hasSize {
      let sides = SamplingOptions.sides
      settings.width = min(max(picture.width / 8 * 8, sides.lowerBound), sides.upperBound)
      settings.height = min(max(picture.height / 8 * 8, sides.lowerBound), sides.upperBound)
    }
    if picture.width != settings.width || picture.height != settings.height {
      mask = mask?.scaled(
        width: picture.width, height: picture.height, toWidth: settings.width, height: settings.height)
      picture = picture.resized(width: settings.width, height: settings.height, .lanczos)
    }
    (self.picture, self.mask) = (picture, mask)
    original = Original(
      values: picture.values, strength: wanted.denoise,
      mask: mask.map { mask in
        Tensor(mask.map { $0 ? 1 : 0 }, shape: [1, 1, settings.height, settings.width])
      })
    fields = wanted.fields(hashes: hashes)
  }

  private static func read(_ path: FilePath) throws(FileError) -> (Picture, hash: String) {
    let bytes = try InputFile(path).pictureBytes()
    var hash = SHA256()
    hash.update(bytes.span)
    do throws(PictureError) { return (try Picture(decoding: bytes), hash.finish()) } catch { throw error.about(path) }
  }

  /// The picture that was made, with what was to stay as it was, to the pixel: the latents hold it only roughly.
  func restoring(_ made: Picture) -> Picture {
    guard let mask else { return made }
    var pixels = made.pixels
    for (place, isNew) in mask.enumerated() where !isNew {
      for channel in 3 * place..<3 * place + 3 { pixels[channel] = picture.pixels[channel] }
    }
    return Picture(width: made.width, height: made.height, pixels: pixels)
  }
}

extension Picture {
  /// [1, 3, height, width], −1 for black to 1 for white.
  var values: Tensor {
    let area = width * height
    var elements = [Float](repeating: 0, count: 3 * area)
    for place in 0..<area {
      for channel in 0..<3 { elements[channel * area + place] = Float(pixels[3 * place + channel]) / 255 * 2 - 1 }
    }
    return Tensor(elements, shape: [1, 3, height, width])
  }

  /// Whether each pixel is nearer to white than to black (ITU-R BT.601's luminance, as Pillow computes it).
  fileprivate var isLight: [Bool] {
    (0..<width * height).map { place in
      let (red, green, blue) = (Int(pixels[3 * place]), Int(pixels[3 * place + 1]), Int(pixels[3 * place + 2]))
      return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16 >= 128
    }
  }

  /// The picture with more around it, in the colours of its edges.
  fileprivate func extended(by margins: Margins) -> Picture {
    let (newWidth, newHeight) = (width + margins.left + margins.right, height + margins.top + margins.bottom)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * newWidth * newHeight)
    for line in 0..<newHeight {
      let row = min(max(line - margins.top, 0), height - 1)
      for column in 0..<newWidth {
        let place = 3 * (row * width + min(max(column - margins.left, 0), width - 1))
        pixels += self.pixels[place..<place + 3]
      }
    }
    return Picture(width: newWidth, height: newHeight, pixels: pixels)
  }
}

extension [Bool] {
  /// Rows of `width` with more around them.
  fileprivate func extended(by margins: Margins, width: Int, with filling: Bool) -> [Bool] {
    let height = count / width
    let newWidth = width + margins.left + margins.right
    var result = [Bool](repeating: filling, count: newWidth * (height + margins.top + margins.bottom))
    for line in 0..<height {
      let start = (line + margins.top) * newWidth + margins.left
      result.replaceSubrange(start..<start + width, with: self[line * width..<(line + 1) * width])
    }
    return result
  }

  /// Rows brought to another size, each place with the value nearest to it.
  fileprivate func scaled(width: Int, height: Int, toWidth newWidth: Int, height newHeight: Int) -> [Bool] {
    (0..<newHeight).flatMap { line in
      (0..<newWidth).map { self[line * height / newHeight * width + $0 * width / newWidth] }
    }
  }
}
