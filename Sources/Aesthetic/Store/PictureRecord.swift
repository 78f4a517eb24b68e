import Files
package import Raster
package import SystemPackage

/// A picture as the store knows it: by the hash of its file's bytes, wherever the file is.
package struct PictureRecord: Sendable, Hashable {
  /// The SHA-256 of the file's bytes, in 64 hexadecimal digits.
  package let hash: String
  /// Columns, as people see the picture.
  package let width: Int
  /// Rows, as people see the picture.
  package let height: Int
  /// Where its file was last seen, absolute where that could be found out.
  package let path: FilePath
  /// The settings it was generated with, as A1111 writes them into a PNG; nil for other pictures.
  package let settings: String?
  /// The picture made small (`Picture.thumbnail`).
  package let thumbnail: [UInt8]

  /// A picture; see the properties.
  package init(hash: String, width: Int, height: Int, path: FilePath, settings: String?, thumbnail: [UInt8]) {
    self.hash = hash
    self.width = width
    self.height = height
    self.path = path
    self.settings = settings
    self.thumbnail = thumbnail
  }

  /// The record of the picture whose file at `path` has these `bytes`, with this `hash`.
  package init(decoding bytes: [UInt8], hash: String, path: FilePath) throws(PictureError) {
    let picture = try Picture(decoding: bytes)
    let settings = try PictureInfo(reading: bytes).texts.first { $0.key == "parameters" }?.value
    self.init(
      hash: hash, width: picture.width, height: picture.height, path: path.absolute,
      settings: settings, thumbnail: try picture.thumbnail())
  }

  /// The hash by which the bytes of a picture's file are known.
  package static func hash(of bytes: [UInt8]) -> String {
    var hash = SHA256()
    hash.update(bytes.span)
    return hash.finish()
  }
}
