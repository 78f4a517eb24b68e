extension Picture {
  /// The picture resized with an antialiased filter, bit-equal to `Image.resize(size, filter)` of Pillow 12.
  public func resized(width newWidth: Int, height newHeight: Int, _ filter: ResamplingFilter = .bicubic) -> Picture {
    resized(width: newWidth, height: newHeight, columns: 0..<newWidth, rows: 0..<newHeight, filter)
  }

  /// The part of the resized picture within `columns` and `rows`. Only what it needs is computed, so that a picture of
  /// 1 x 100 000 pixels, whose short side is to become 224, does not take 15 GB.
  func resized(
    width newWidth: Int, height newHeight: Int, columns: Range<Int>, rows: Range<Int>,
    _ filter: ResamplingFilter = .bicubic
  ) -> Picture {
    precondition(columns.lowerBound >= 0 && columns.upperBound <= newWidth && !columns.isEmpty)
    precondition(rows.lowerBound >= 0 && rows.upperBound <= newHeight && !rows.isEmpty)
    let down = ResamplingAxis(from: height, to: newHeight, range: rows, filter)
    let neededRows = height == newHeight ? rows : down.inputs
    let needed = pixels[neededRows.lowerBound * width * 3..<neededRows.upperBound * width * 3]

    // Along the rows first, as Pillow to 12 does always: rounding between the passes makes the order matter.
    let narrow: ArraySlice<UInt8>  // [neededRows, columns, 3]
    if width != newWidth {
      narrow =
        Codec.resampleRows(
          needed, width: width, ResamplingAxis(from: width, to: newWidth, range: columns, filter))[...]
    } else if columns.count == width {
      narrow = needed
    } else {
      narrow = cut(needed, columns)[...]
    }
    let result =
      height == newHeight
      ? Array(narrow)
      : Codec.resampleColumns(
        narrow, rowCount: columns.count * 3, down.movedBack(by: neededRows.lowerBound))
    return Picture(width: columns.count, height: rows.count, pixels: result, source: source)
  }

  private func cut(_ rows: ArraySlice<UInt8>, _ columns: Range<Int>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(rows.count / width * columns.count)
    for row in stride(from: rows.startIndex, to: rows.endIndex, by: width * 3) {
      result += rows[row + columns.lowerBound * 3..<row + columns.upperBound * 3]
    }
    return result
  }
}
