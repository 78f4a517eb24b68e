import TensorKit

extension Tensor {
  /// (x − center) / scale, row by row, in double precision before it is rounded.
  func centred(_ center: Tensor, scale: Double = 1) -> Tensor {
    let (center, factor) = (center.elements.map { Double($0) }, 1 / scale)
    return mapped(withColumns: center) { value, center in (value - center) * factor }
  }

  /// Each column times its factor.
  func columnsTimes(_ factors: [Double]) -> Tensor { mapped(withColumns: factors) { value, factor in value * factor } }

  /// What `transform` makes of every element and its column's number, rounded.
  private func mapped(withColumns numbers: [Double], _ transform: @Sendable (Double, Double) -> Double) -> Tensor {
    let width = numbers.count
    precondition(self.width == width, "\(width) numbers for rows of \(self.width)")
    return unsafe Tensor(shape: [rows, width], rowGrain: 64) { rows, result in
      unsafe withUnsafeElements { elements in
        unsafe numbers.withUnsafeBufferPointer { numbers in
          for (place, row) in rows.enumerated() {
            let (source, target) = (row * width, place * width)
            for column in 0..<width {
              unsafe result[target + column] = Float(transform(Double(elements[source + column]), numbers[column]))
            }
          }
        }
      }
    }
  }

  /// The mean of the rows, weighted; summed in double precision.
  func mean(_ weights: [Double]? = nil) -> Tensor {
    let (rows, width) = (rows, self.width)
    let total = weights?.reduce(0, +) ?? Double(rows)
    return unsafe Tensor(shape: [width, 1], rowGrain: 64) { columns, result in
      var sums = [Double](repeating: 0, count: columns.count)
      unsafe withUnsafeElements { elements in
        for row in 0..<rows {
          let (weight, start) = (weights?[row] ?? 1, row * width + columns.lowerBound)
          for place in sums.indices { unsafe sums[place] += weight * Double(elements[start + place]) }
        }
      }
      for (place, sum) in sums.enumerated() { unsafe result[place] = Float(sum / total) }
    }.reshaped([width])
  }

  /// The weighted mean of the rows' squared distances from `center`.
  func meanSquare(_ weights: [Double], from center: Tensor) -> Double {
    let (width, center) = (self.width, center.elements)
    var sum = 0.0
    unsafe withUnsafeElements { elements in
      for (row, weight) in weights.enumerated() {
        var square = 0.0
        for column in 0..<width {
          let difference = unsafe Double(elements[row * width + column]) - Double(center[column])
          square += difference * difference
        }
        sum += weight * square
      }
    }
    return sum / weights.reduce(0, +)
  }

  /// The sum of the products of the elements, in double precision.
  func inner(_ other: Tensor) -> Double {
    zip(elements, other.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  /// Orthonormal directions in which the rows lie; nil if they cannot be found.
  func span() -> Tensor? {
    guard let parts = SingularValueDecomposition(self), let largest = parts.values.first else { return nil }
    // Beyond Float32's rounding there is nothing.
    return parts.vTransposed.rows(0..<parts.values.count { $0 > 1e-5 * largest })
  }
}
