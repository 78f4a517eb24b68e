extension Picture {
  /// The longest side of a thumbnail, in pixels.
  public static let thumbnailSide = 96

  /// The picture made small enough to be kept by the thousand: a lossy WebP of about two kilobytes, its longest side at
  /// most `thumbnailSide` pixels. Throws if there is no memory.
  public func thumbnail() throws(PictureError) -> [UInt8] {
    let scale = min(1, Double(Self.thumbnailSide) / Double(max(width, height)))
    let small = resized(
      width: max(1, Int((Double(width) * scale).rounded())), height: max(1, Int((Double(height) * scale).rounded())))
    guard let bytes = Codec.encodeWebP(small.pixels, width: small.width, height: small.height, quality: 70) else {
      throw PictureError("cannot be made small: there is not enough memory")
    }
    return bytes
  }
}
