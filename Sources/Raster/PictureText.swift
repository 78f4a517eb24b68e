/// A text that a picture file carries beside its pixels, such as the settings it was generated with.
public struct PictureText: Hashable, Sendable {
  /// What the text is about: 1 to 79 characters of Latin-1, for example `parameters`.
  public let key: String
  /// The text.
  public let value: String

  /// A text of this key.
  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }

  /// The longest text that is read, in bytes, as in Pillow.
  public static let limit = 1 << 20
  /// The most bytes of text that are read from one file, as in Pillow.
  public static let totalLimit = 64 << 20
}

/// Collects the texts of a PNG's chunks. What is damaged or too long is counted and left out: it does not spoil the
/// picture.
struct PNGTextReader {
  private(set) var texts: [PictureText] = []
  private(set) var omitted = 0
  private var total = 0

  /// Reads the data of a chunk called `name`, if it is one of the three kinds that hold a text.
  mutating func read(_ data: ArraySlice<UInt8>, of name: ArraySlice<UInt8>) {
    let text: PictureText?
    if name.elementsEqual("tEXt".utf8) {
      text = plain(data)
    } else if name.elementsEqual("zTXt".utf8) {
      text = compressed(data)
    } else if name.elementsEqual("iTXt".utf8) {
      text = international(data)
    } else {
      return
    }
    // A million empty texts are not nothing either.
    let length = text.map { $0.key.utf8.count + $0.value.utf8.count + 64 } ?? 0
    if let text, total + length <= PictureText.totalLimit {
      texts.append(text)
      total += length
    } else {
      omitted += 1
    }
  }

  private func plain(_ data: ArraySlice<UInt8>) -> PictureText? {
    guard let (key, value) = cut(data), value.count <= PictureText.limit else { return nil }
    return PictureText(key: latin1(key), value: latin1(value))
  }

  private func compressed(_ data: ArraySlice<UInt8>) -> PictureText? {
    guard let (key, rest) = cut(data), rest.first == 0, let value = inflate(rest.dropFirst()) else { return nil }
    return PictureText(key: latin1(key), value: latin1(value[...]))
  }

  private func international(_ data: ArraySlice<UInt8>) -> PictureText? {
    guard let (key, flags) = cut(data), flags.count >= 2, let (_, translated) = cut(flags.dropFirst(2)),
      let (_, value) = cut(translated)
    else { return nil }
    let isCompressed = flags[flags.startIndex] == 1
    guard let bytes = isCompressed ? inflate(value) : Array(value), bytes.count <= PictureText.limit else { return nil }
    return String(validating: bytes, as: UTF8.self).map { PictureText(key: latin1(key), value: $0) }
  }

  private func inflate(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
    Codec.inflate(Array(bytes), limit: min(PictureText.limit, PictureText.totalLimit - total))
  }

  /// What stands before the first zero byte, and what behind it.
  private func cut(_ data: ArraySlice<UInt8>) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)? {
    guard let zero = data.firstIndex(of: 0) else { return nil }
    return (data[..<zero], data[(zero + 1)...])
  }

  private func latin1(_ bytes: ArraySlice<UInt8>) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }
}
