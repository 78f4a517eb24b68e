package import Files
package import SystemPackage

/// How a picture becomes the input of an image encoder: the shorter side resized (bicubic), the middle cut out, each
/// channel c of the values 0 to 1 mapped to (c - mean) / deviation.
package struct ImagePreprocessing: Hashable, Sendable {
  /// The side of the square in pixels.
  package var side: Int
  /// The mean of red, green and blue, for values from 0 to 1.
  package var mean: [Float]
  /// The standard deviation of red, green and blue.
  package var deviation: [Float]

  /// CLIP's own values, which are the means and deviations over its training set (openai/CLIP, clip.py).
  package init(side: Int = 224) {
    self.side = side
    mean = [0.48145466, 0.4578275, 0.40821073]
    deviation = [0.26862954, 0.26130258, 0.27577711]
  }

  /// Reads a preprocessor_config.json; what it leaves out is as in CLIP. The image encoder takes squares of `side`
  /// pixels, and a file that asks for another size is an error.
  package init(file path: FilePath, side: Int) throws(FileError) {
    let file = try ConfigurationFile(path)
    self.init(side: side)
    for name: ByteString in ["size", "crop_size"] {
      guard let value = file[name], value != .null else { continue }
      let lengths = Self.lengths(value)
      guard !lengths.isEmpty, lengths.allSatisfy({ $0 == side }) else {
        let found = lengths.map { $0.map(String.init) ?? "?" }.joined(separator: " x ")
        throw file.error("\"\(name)\" is \(found.isEmpty ? "not a size" : found); the image encoder takes \(side)")
      }
    }
    if let resample = file["resample"], resample != .null, resample.integer != 3 {
      throw file.error("\"resample\" is not 3 (bicubic), the only way CLIP's pictures are resized")
    }
    mean = try Self.channels(file, "image_mean") ?? mean
    deviation = try Self.channels(file, "image_std") ?? deviation
    guard deviation.allSatisfy({ $0 > 0 }) else { throw file.error("\"image_std\" has a value that is not above 0") }
  }

  /// The lengths that a size names: a number, `shortest_edge`, or `height` and `width`.
  private static func lengths(_ value: JSON) -> [Int?] {
    guard let object = value.object else { return [value.integer] }
    return object.members.filter { ["shortest_edge", "height", "width"].contains($0.name) }.map(\.value.integer)
  }

  private static func channels(_ file: ConfigurationFile, _ name: ByteString) throws(FileError) -> [Float]? {
    guard let value = file[name], value != .null else { return nil }
    let numbers = (value.array ?? []).compactMap(\.double).map { Float($0) }
    guard numbers.count == 3, value.array?.count == 3, numbers.allSatisfy(\.isFinite) else {
      throw file.error("\"\(name)\" is not a list of three numbers")
    }
    return numbers
  }
}
