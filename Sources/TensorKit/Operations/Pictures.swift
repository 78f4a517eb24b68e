/// Planes [n, channels, height, width], the order in which torch keeps pictures, to [n, height, width, channels].
package func channelsLast(_ x: Tensor) -> Tensor {
  precondition(x.shape.count == 4, "pictures of shape \(x.shape)")
  return transposed(x, rows: x.shape[1], columns: x.shape[2] * x.shape[3])
    .reshaped([x.shape[0], x.shape[2], x.shape[3], x.shape[1]])
}

/// Pictures [n, height, width, channels] to planes [n, channels, height, width].
package func channelsFirst(_ x: Tensor) -> Tensor {
  precondition(x.shape.count == 4, "pictures of shape \(x.shape)")
  return transposed(x, rows: x.shape[1] * x.shape[2], columns: x.shape[3])
    .reshaped([x.shape[0], x.shape[3], x.shape[1], x.shape[2]])
}

/// The transpose of each of the matrices [rows, columns] that follow each other.
private func transposed(_ x: Tensor, rows: Int, columns: Int) -> Tensor {
  let count = x.count / max(1, rows * columns)
  return unsafe Tensor(shape: [count * columns, rows], rowGrain: 1024) { range, output in
    unsafe x.withUnsafeElements { x in
      var place = 0
      for line in range {
        let start = line / columns * rows * columns + line % columns
        for row in 0..<rows {
          unsafe output[place] = x[start + row * columns]
          place += 1
        }
      }
    }
  }
}

/// Pictures [n, height, width, channels] enlarged by repeating pixels: pixel i of the result is pixel ⌊i · old / new⌋.
package func enlarged(_ x: Tensor, height: Int, width: Int) -> Tensor {
  let (oldHeight, oldWidth, channels) = (x.shape[1], x.shape[2], x.width)
  return unsafe Tensor(shape: [x.shape[0], height, width * channels]) { lines, output in
    unsafe x.withUnsafeElements { x in
      var place = 0
      for line in lines {
        let (picture, row) = (line / height, line % height)
        let source = (picture * oldHeight + row * oldHeight / height) * oldWidth
        for column in 0..<width {
          let start = (source + column * oldWidth / width) * channels
          let target = unsafe UnsafeMutableBufferPointer(rebasing: output[place..<place + channels])
          _ = unsafe target.update(fromContentsOf: x[start..<start + channels])
          place += channels
        }
      }
    }
  }.reshaped([x.shape[0], height, width, channels])
}

/// The channels of both pictures side by side, those of `left` first.
package func besideEachOther(_ left: Tensor, _ right: Tensor) -> Tensor {
  precondition(left.shape.dropLast() == right.shape.dropLast(), "pictures of \(left.shape) and \(right.shape)")
  let (first, second) = (left.width, right.width)
  return unsafe Tensor(shape: Array(left.shape.dropLast()) + [first + second], rowGrain: 64) { rows, output in
    unsafe left.withUnsafeElements { left in
      unsafe right.withUnsafeElements { right in
        for (place, row) in rows.enumerated() {
          let start = place * (first + second)
          let target = unsafe UnsafeMutableBufferPointer(rebasing: output[start..<start + first + second])
          _ = unsafe target.update(fromContentsOf: left[row * first..<(row + 1) * first])
          _ = unsafe UnsafeMutableBufferPointer(rebasing: target[first...])
            .update(fromContentsOf: right[row * second..<(row + 1) * second])
        }
      }
    }
  }
}
