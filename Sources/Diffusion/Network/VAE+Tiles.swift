package import TensorKit

extension VAE {
  /// The pictures of latents that are not scaled, decoded in squares of `side` latents of which a quarter overlaps, blended
  /// there linearly (diffusers: AutoencoderKL.tiled_decode). Norms see one square at a time, so colours can differ a little
  /// from those of a picture decoded as a whole. Memory is needed for one square and the result.
  package func decodeInTiles(_ latents: Tensor, side: Int = 64) -> Tensor {
    let (height, width) = (latents.shape[2], latents.shape[3])
    guard height > side || width > side else { return decode(latents) }
    let (step, overlap) = (side * 3 / 4, side * reduction / 4)
    let kept = side * reduction - overlap
    var picture = Tensor(zeros: [latents.shape[0], 3, height * reduction, width * reduction])
    var above: [Tensor] = []
    for (line, top) in stride(from: 0, to: height, by: step).enumerated() {
      var row: [Tensor] = []
      for (column, left) in stride(from: 0, to: width, by: step).enumerated() {
        var tile = decode(
          latents.cut(top..<min(height, top + side), left..<min(width, left + side)))
        if line > 0 { tile.blend(above[column], over: overlap, isVertical: true) }
        if column > 0 { tile.blend(row[column - 1], over: overlap, isVertical: false) }
        picture.paste(tile, top: line * kept, left: column * kept, atMost: kept)
        row.append(tile)
      }
      above = row
    }
    return picture
  }
}

/// Planes [n, channels, height, width].
extension Tensor {
  /// The part of every plane at these lines and columns.
  fileprivate func cut(_ lines: Range<Int>, _ columns: Range<Int>) -> Tensor {
    let (height, width, elements) = (shape[2], shape[3], self.elements)
    let kept = (0..<shape[0] * shape[1]).flatMap { plane in
      lines.flatMap { line in columns.map { elements[(plane * height + line) * width + $0] } }
    }
    return Tensor(kept, shape: [shape[0], shape[1], lines.count, columns.count])
  }

  /// Lets the end of `other` pass into the beginning of this one, over so many lines or columns.
  fileprivate mutating func blend(_ other: Tensor, over overlap: Int, isVertical: Bool) {
    let (height, width) = (shape[2], shape[3])
    let (otherHeight, otherWidth) = (other.shape[2], other.shape[3])
    let extent = isVertical ? min(height, otherHeight, overlap) : min(width, otherWidth, overlap)
    var elements = self.elements
    let others = other.elements
    for plane in 0..<shape[0] * shape[1] {
      for line in 0..<(isVertical ? extent : min(height, otherHeight)) {
        for column in 0..<(isVertical ? min(width, otherWidth) : extent) {
          let share = Float(isVertical ? line : column) / Float(extent)
          let otherLine = isVertical ? otherHeight - extent + line : line
          let otherColumn = isVertical ? column : otherWidth - extent + column
          let place = (plane * height + line) * width + column
          let left = others[(plane * otherHeight + otherLine) * otherWidth + otherColumn]
          elements[place] = (1 - share) * left + share * elements[place]
        }
      }
    }
    self = Tensor(elements, shape: shape)
  }

  /// Puts `tile` with its corner at the given place, at most so many lines and columns of it.
  fileprivate mutating func paste(_ tile: Tensor, top: Int, left: Int, atMost kept: Int) {
    let (height, width) = (shape[2], shape[3])
    let (tileHeight, tileWidth) = (tile.shape[2], tile.shape[3])
    let columns = min(kept, tileWidth, width - left)
    guard columns > 0, top < height else { return }
    let planes = shape[0] * shape[1]
    unsafe withUnsafeMutableElements { elements in
      unsafe tile.withUnsafeElements { tile in
        for plane in 0..<planes {
          for line in 0..<min(kept, tileHeight, height - top) {
            let target = (plane * height + top + line) * width + left
            let source = (plane * tileHeight + line) * tileWidth
            let part = unsafe UnsafeMutableBufferPointer(rebasing: elements[target..<target + columns])
            _ = unsafe part.update(fromContentsOf: tile[source..<source + columns])
          }
        }
      }
    }
  }
}
