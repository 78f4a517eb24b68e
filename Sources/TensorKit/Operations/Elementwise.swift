extension Tensor {
  /// The sum, element by element. Its pullback hands the cotangent on unchanged to both.
  package static func + (left: Tensor, right: Tensor) -> Tensor {
    var sum = left
    sum += right
    return sum
  }

  /// Adds `right` element by element.
  package static func += (left: inout Tensor, right: Tensor) {
    precondition(left.shape == right.shape, "sum of \(left.shape) and \(right.shape)")
    unsafe left.withUnsafeMutableElements { left in
      unsafe right.withUnsafeElements { right in
        for index in left.indices { unsafe left[index] += right[index] }
      }
    }
  }

  /// The sum of every row and `row`.
  package consuming func addingToRows(_ row: Tensor) -> Tensor {
    precondition(row.count == width, "a row of \(row.count) added to \(shape)")
    let width = row.count
    unsafe withUnsafeMutableElements { elements in
      unsafe row.withUnsafeElements { row in
        for start in stride(from: 0, to: elements.count, by: max(1, width)) {
          for column in 0..<width { unsafe elements[start + column] += row[column] }
        }
      }
    }
    return self
  }

  /// Every element times `factor`. Its pullback is the same map.
  package static func * (factor: Float, tensor: Tensor) -> Tensor {
    unsafe Tensor(uninitialized: tensor.shape) { output in
      unsafe tensor.withUnsafeElements { input in
        for index in output.indices { unsafe output[index] = factor * input[index] }
      }
    }
  }

  /// The sum of the products of corresponding elements, added up in Float64.
  package func dot(_ other: Tensor) -> Float {
    precondition(count == other.count, "dot product of \(shape) and \(other.shape)")
    return unsafe withUnsafeElements { left in
      unsafe other.withUnsafeElements { right in
        var sum = 0.0
        for index in left.indices { sum += Double(unsafe left[index]) * Double(unsafe right[index]) }
        return Float(sum)
      }
    }
  }

  /// Rows `range`, [rows, width] to [range, width].
  package func rows(_ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(shape)")
    return unsafe Tensor(uninitialized: [range.count, width]) { output in
      unsafe withUnsafeElements { input in
        _ = unsafe output.update(fromContentsOf: input[range.lowerBound * width..<range.upperBound * width])
      }
    }
  }

  /// One tensor below the other along the first axis.
  package static func concatenated(_ tensors: [Tensor]) -> Tensor {
    let tail = Array(tensors.first?.shape.dropFirst() ?? [])
    precondition(tensors.allSatisfy { Array($0.shape.dropFirst()) == tail }, "tensors of unlike shapes")
    let length = tensors.reduce(0) { $0 + ($1.shape.first ?? 1) }
    return unsafe Tensor(uninitialized: [length] + tail) { output in
      var offset = 0
      for tensor in tensors {
        unsafe tensor.withUnsafeElements { elements in
          let part = unsafe UnsafeMutableBufferPointer(rebasing: output[offset..<offset + elements.count])
          _ = unsafe part.update(fromContentsOf: elements)
        }
        offset += tensor.count
      }
    }
  }
}

extension Tensor {
  /// The elements `range` in row-major order, under a shape of their own.
  package func elements(_ range: Range<Int>, shape: [Int]) -> Tensor {
    precondition(range.count == shape.reduce(1, *) && range.upperBound <= count, "elements \(range) as \(shape)")
    return unsafe Tensor(uninitialized: shape) { output in
      unsafe withUnsafeElements { input in _ = unsafe output.update(fromContentsOf: input[range]) }
    }
  }

  /// Adds `factor` · `other` to as many elements, in row-major order, from `offset` on.
  package mutating func add(_ factor: Float, times other: Tensor, at offset: Int = 0) {
    precondition(offset >= 0 && offset + other.count <= count, "\(other.shape) at \(offset) of \(shape)")
    unsafe withUnsafeMutableElements { elements in
      unsafe other.withUnsafeElements { other in
        for index in other.indices { unsafe elements[offset + index] += factor * other[index] }
      }
    }
  }

  /// Whether the elements `range` are finite, all of them.
  package func isFinite(_ range: Range<Int>) -> Bool {
    unsafe withUnsafeElements { elements in
      // The exponent's bits are all set in what is not finite. Comparing integers lets the compiler use vectors.
      var highest: UInt32 = 0
      for index in range { highest = max(highest, unsafe elements[index].bitPattern & 0x7F80_0000) }
      return highest < 0x7F80_0000
    }
  }
}
