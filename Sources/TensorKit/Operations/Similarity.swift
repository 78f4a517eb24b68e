extension Tensor {
  /// The Euclidean length of all elements, added up in Float64.
  package var norm: Float { unsafe withUnsafeElements { unsafe Self.length($0) } }

  private static func length(_ elements: some Sequence<Float>) -> Float {
    Float(elements.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
  }

  /// Every row divided by its length: [rows, width] to rows on the unit sphere.
  package func rowsNormalised() -> Tensor {
    unsafe Tensor(uninitialized: shape) { output in
      unsafe withUnsafeElements { input in
        for row in 0..<rows {
          let range = row * width..<(row + 1) * width
          let length = unsafe Self.length(input[range])
          for index in range { unsafe output[index] = input[index] / length }
        }
      }
    }
  }
}

/// cos(x, target) for each row of x [rows, width] and a target [width] of length 1.
package func cosineSimilarity(_ x: Tensor, target: Tensor) -> [Float] {
  let normalised = x.rowsNormalised()
  return (0..<x.rows).map { normalised.rows($0..<$0 + 1).dot(target) }
}

/// The pullback of `cosineSimilarity`: with n = x / |x| and s = n · target, dx = ds (target − s n) / |x|.
package func cosineSimilarityPullback(_ ds: [Float], x: Tensor, target: Tensor) -> Tensor {
  precondition(ds.count == x.rows && target.count == x.width, "similarity of \(x.shape) to \(target.shape)")
  let direction = target.reshaped([1, x.width])
  return Tensor.concatenated(
    (0..<x.rows).map { row in
      let vector = x.rows(row..<row + 1)
      let length = vector.norm
      let normalised = (1 / length) * vector
      return (ds[row] / length) * (direction + (-normalised.dot(target)) * normalised)
    })
}
