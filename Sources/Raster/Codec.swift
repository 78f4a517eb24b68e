internal import CImageCodecs

/// The door to the C libraries: the only place of this module with unsafe code.
enum Codec {
  /// The pixels of the file `bytes`, whose header is `info`: shape [height, width, 3], as stored.
  static func decode(
    _ bytes: [UInt8], _ info: PictureInfo, overWhite: Bool
  ) throws(PictureError) -> [UInt8] {
    var decoding = aes_decoding()
    decoding.width = Int32(info.width)
    decoding.height = Int32(info.height)
    decoding.over_white = overWhite ? 1 : 0
    decoding.animated = info.isAnimated ? 1 : 0
    let count = info.pixelCount * 3
    let pixels = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      let result = unsafe bytes.withUnsafeBufferPointer { source in
        switch info.format {
        case .png: unsafe aes_decode_png(source.baseAddress, source.count, &decoding, target.baseAddress)
        case .jpeg: unsafe aes_decode_jpeg(source.baseAddress, source.count, &decoding, target.baseAddress)
        case .webp: unsafe aes_decode_webp(source.baseAddress, source.count, &decoding, target.baseAddress)
        }
      }
      initialized = result == 0 ? count : 0
    }
    guard pixels.count == count else {
      let reason = unsafe withUnsafeBytes(of: &decoding.reason) { unsafe Array($0.prefix { $0 != 0 }) }
      throw .damaged(info.format, String(decoding: reason, as: UTF8.self))
    }
    return pixels
  }

  /// A PNG of these pixels, shape [height, width, 3], with `chunks` in front of them; nil if memory does not suffice.
  static func encodePNG(
    _ pixels: [UInt8], width: Int, height: Int, chunks: [(name: [UInt8], data: [UInt8])]
  ) -> [UInt8]? {
    let data = chunks.flatMap(\.data)
    var length = 0
    let memory = unsafe data.withUnsafeBufferPointer { data in
      var offset = 0
      let chunks = unsafe chunks.map { chunk in
        defer { offset += chunk.data.count }
        return unsafe aes_chunk(
          name: (chunk.name[0], chunk.name[1], chunk.name[2], chunk.name[3]),
          data: data.baseAddress.map { unsafe $0 + offset }, length: chunk.data.count)
      }
      return unsafe pixels.withUnsafeBufferPointer { pixels in
        unsafe aes_encode_png(pixels.baseAddress, Int32(width), Int32(height), chunks, chunks.count, &length)
      }
    }
    guard let memory = unsafe memory else { return nil }
    defer { unsafe aes_free(memory) }
    return unsafe Array(UnsafeBufferPointer(start: memory, count: length))
  }

  /// A lossy WebP of these pixels, shape [height, width, 3]; nil if memory does not suffice.
  static func encodeWebP(_ pixels: [UInt8], width: Int, height: Int, quality: Float) -> [UInt8]? {
    var length = 0
    let memory = unsafe pixels.withUnsafeBufferPointer { pixels in
      unsafe aes_encode_webp(pixels.baseAddress, Int32(width), Int32(height), quality, &length)
    }
    guard let memory = unsafe memory else { return nil }
    defer { unsafe aes_free_webp(memory) }
    return unsafe Array(UnsafeBufferPointer(start: memory, count: length))
  }

  /// What a zlib stream holds; nil if it is damaged or holds more than `limit` bytes.
  static func inflate(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
    // Deflate makes at most 1032 bytes of one.
    let capacity = min(limit, bytes.count * 1032)
    guard capacity > 0 else { return nil }
    var isWhole = false
    let result = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { target, initialized in
      let length = unsafe aes_inflate(bytes, bytes.count, target.baseAddress, capacity)
      isWhole = length >= 0
      initialized = max(0, length)
    }
    return isWhole ? result : nil
  }

  /// Resamples `rows` rows of `width` pixels along the rows. Shape [rows, width, 3] → [rows, axis.length, 3].
  static func resampleRows(_ input: ArraySlice<UInt8>, width: Int, _ axis: ResamplingAxis) -> [UInt8] {
    let rows = input.count / (width * 3)
    precondition(axis.isWithin(width))
    let count = rows * axis.length * 3
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      unsafe withCAxis(axis) { axis in
        unsafe input.withUnsafeBufferPointer { input in
          var axis = unsafe axis
          unsafe aes_resample_rows(input.baseAddress, Int32(width), Int32(rows), &axis, target.baseAddress)
        }
      }
      initialized = count
    }
  }

  /// Resamples rows of `rowCount` bytes across the rows. Shape [rows, rowCount] → [axis.length, rowCount].
  static func resampleColumns(_ input: ArraySlice<UInt8>, rowCount: Int, _ axis: ResamplingAxis) -> [UInt8] {
    precondition(axis.isWithin(input.count / rowCount))
    let count = axis.length * rowCount
    var sums = [Int32](repeating: 0, count: rowCount)
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      unsafe withCAxis(axis) { axis in
        unsafe input.withUnsafeBufferPointer { input in
          var axis = unsafe axis
          unsafe aes_resample_columns(input.baseAddress, rowCount, &axis, &sums, target.baseAddress)
        }
      }
      initialized = count
    }
  }

  /// Pixels in another order: result row y, column x is the stored pixel start + x * right + y * down.
  static func reorder(
    _ pixels: [UInt8], start: Int, right: Int, down: Int, width: Int, height: Int
  ) -> [UInt8] {
    let count = pixels.count
    let corners = [0, (width - 1) * right, (height - 1) * down, (width - 1) * right + (height - 1) * down]
    precondition(width * height * 3 == count && corners.allSatisfy { (0..<count / 3).contains(start + $0) })
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      unsafe aes_reorder(pixels, start, right, down, Int32(width), Int32(height), target.baseAddress)
      initialized = count
    }
  }

  @unsafe private static func withCAxis(_ axis: ResamplingAxis, _ body: (aes_axis) -> Void) {
    unsafe axis.firsts.withUnsafeBufferPointer { firsts in
      unsafe axis.counts.withUnsafeBufferPointer { counts in
        unsafe axis.weights.withUnsafeBufferPointer { weights in
          unsafe body(
            aes_axis(
              firsts: firsts.baseAddress, counts: counts.baseAddress, weights: weights.baseAddress,
              stride: Int32(axis.stride), length: Int32(axis.length)))
        }
      }
    }
  }
}
