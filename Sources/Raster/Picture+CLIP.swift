/// Where the square for CLIP is cut out of the resized picture. The two differ by one pixel where the surplus leaves the
/// remainder 3 when divided by 4, as it does for photos of 640 x 427.
public enum CLIPCrop: String, Hashable, Sendable, CaseIterable {
  /// As in OpenAI's CLIP (torchvision): half of the surplus, rounded to the nearest, halves to even.
  case openAI = "openai"
  /// As in Hugging Face's CLIPImageProcessor on Pillow: half of the surplus, rounded down.
  case huggingFace = "hf"

  /// The first column or row that is kept when `length` are to become `side`.
  func offset(_ length: Int, side: Int) -> Int {
    let surplus = length - side
    switch self {
    case .openAI: return Int((Double(surplus) / 2).rounded(.toNearestOrEven))
    case .huggingFace: return surplus / 2
    }
  }
}

extension Picture {
  /// The square of `side` pixels that CLIP's image encoder looks at: the shorter side is resized to `side`, the longer to
  /// `int(side * long / short)`, and the middle is cut out. Still 8-bit RGB; equal to the bytes that Pillow 12 gives.
  public func preparedForCLIP(side: Int = 224, crop: CLIPCrop = .openAI) -> Picture {
    precondition(side > 0, "a square of \(side) pixels")
    let (short, long) = (min(width, height), max(width, height))
    let newLong = Int(Double(side * long) / Double(short))
    let (newWidth, newHeight) = width <= height ? (side, newLong) : (newLong, side)
    let left = crop.offset(newWidth, side: side)
    let top = crop.offset(newHeight, side: side)
    return resized(
      width: newWidth, height: newHeight, columns: left..<left + side, rows: top..<top + side)
  }
}
