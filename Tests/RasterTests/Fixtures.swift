import Foundation
import Raster
import SystemPackage

/// The files that Tools/reference/raster.py made.
enum Fixtures {
  static func path(_ name: String) -> FilePath {
    FilePath(Bundle.module.resourcePath ?? "").appending("Fixtures").appending(name)
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    try Array(Data(contentsOf: URL(filePath: path(name).string)))
  }

  static func json<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
    try JSONDecoder().decode(type, from: Data(bytes(name)))
  }
}

/// What Pillow makes of the files in `decoding/`: sizes, and pixels as R, G, B.
struct ExpectedPicture: Decodable {
  let width: Int
  let height: Int
  /// With transparency over white, and turned as Exif says.
  let white: Data
  /// With transparency dropped, where that is different.
  let drop: Data?
  /// Not turned, where that is different.
  let stored: Data?

  static func all() throws -> [String: ExpectedPicture] {
    try Fixtures.json("decoding.json", as: [String: ExpectedPicture].self)
  }
}

/// The first difference between two rows of bytes and the largest one, for people; nil where they are equal.
func difference(_ actual: [UInt8], _ expected: some Collection<UInt8>) -> String? {
  guard actual.count == expected.count else { return "\(actual.count) bytes, expected \(expected.count)" }
  let pairs = zip(actual, expected)
  guard let first = pairs.enumerated().first(where: { $1.0 != $1.1 }) else { return nil }
  let largest = pairs.map { abs(Int($0) - Int($1)) }.max() ?? 0
  return "byte \(first.offset) is \(first.element.0), expected \(first.element.1); the largest difference is \(largest)"
}

/// The numbers that `noise` of Tools/reference/raster.py makes.
func noise(count: Int, seed: UInt64) -> [UInt8] {
  (0..<UInt64(count)).map { index in
    var mixed = (index &+ seed &* 1_000_003 &+ 1) &* 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return UInt8(truncatingIfNeeded: mixed >> 33)
  }
}
