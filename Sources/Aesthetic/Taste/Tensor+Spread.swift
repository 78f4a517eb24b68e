import TensorKit

extension Tensor {
  /// (x − center) / scale, row by row, in double precision before it is rounded.
  func centred(_ center: Tensor, scale: Double = 1) -> Tensor {
    let (elements, center) = (elements, center.elements)
    let width = center.count
    return unsafe Tensor(uninitialized: shape) { result in
      for start in stride(from: 0, to: elements.count, by: max(1, width)) {
        for column in 0..<width {
          unsafe result[start + column] = Float((Double(elements[start + column]) - Double(center[column])) / scale)
        }
      }
    }
  }

  /// The mean of the rows, weighted; summed in double precision.
  func mean(_ weights: [Double]? = nil) -> Tensor {
    let (elements, width) = (elements, self.width)
    var sums = [Double](repeating: 0, count: width)
    for row in 0..<rows {
      let weight = weights?[row] ?? 1
      for column in 0..<width { sums[column] += weight * Double(elements[row * width + column]) }
    }
    let total = weights?.reduce(0, +) ?? Double(rows)
    return Tensor(sums.map { Float($0 / total) }, shape: [width])
  }

  /// The weighted mean of the rows' squared lengths.
  func meanSquare(_ weights: [Double]) -> Double {
    let (elements, width) = (elements, count / weights.count)
    var sum = 0.0
    for (row, weight) in weights.enumerated() {
      for place in row * width..<(row + 1) * width { sum += weight * Double(elements[place]) * Double(elements[place]) }
    }
    return sum / weights.reduce(0, +)
  }

  /// Orthonormal directions in which the rows lie; nil if they cannot be found.
  func span() -> Tensor? {
    guard let parts = SingularValueDecomposition(self), let largest = parts.values.first else { return nil }
    // Beyond Float32's rounding there is nothing.
    return parts.vTransposed.rows(0..<parts.values.count { $0 > 1e-5 * largest })
  }

  /// The root mean square distance of the rows from their mean.
  func spread() -> Double {
    centred(mean()).meanSquare([Double](repeating: 1, count: rows)).squareRoot()
  }
}
