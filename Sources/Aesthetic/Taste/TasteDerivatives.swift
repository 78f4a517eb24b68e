package import TensorKit

/// The derivatives of a likelihood by the utilities of n pictures and the five offsets; the second ones with their signs
/// turned, so that they are positive where the likelihood curves down.
package struct TasteDerivatives {
  /// By the utilities, [n].
  package private(set) var slopes: [Double]
  /// By the offsets, [5].
  package private(set) var offsetSlopes = [Double](repeating: 0, count: Offsets.count)
  /// Second, by the offsets, [5, 5].
  private(set) var offsetCurvatures = [Double](repeating: 0, count: Offsets.count * Offsets.count)
  /// Second, by a utility and an offset, [n, 5].
  private var mixed: [Float]
  /// Second, by a utility twice, [n].
  private var diagonal: [Double]
  /// Second, by two utilities: a pair adds its curvature to both pictures' diagonals and takes it off between them.
  private var links: [(first: Int, second: Int, curvature: Double)] = []

  /// So many rows of a triangle are computed at a time.
  private static let strip = 96

  init(pictures: Int) {
    slopes = [Double](repeating: 0, count: pictures)
    diagonal = slopes
    mixed = [Float](repeating: 0, count: pictures * Offsets.count)
  }

  mutating func addPair(_ winner: Int, _ loser: Int, slope: Double, _ curvature: Double) {
    slopes[winner] += slope
    slopes[loser] -= slope
    diagonal[winner] += curvature
    diagonal[loser] += curvature
    links.append((winner, loser, curvature))
  }

  /// A like or dislike of a picture; nil for one whose utility is no variable.
  mutating func addLike(_ picture: Int?, slope: Double, _ curvature: Double) {
    offsetSlopes[0] += slope
    offsetCurvatures[0] += curvature
    guard let picture else { return }
    slopes[picture] += slope
    diagonal[picture] += curvature
    mixed[picture * Offsets.count] += Float(curvature)
  }

  /// Stars for a picture; nil for one whose utility is no variable.
  mutating func addStars(_ picture: Int?, _ stars: Int, _ term: StarTerm, weight: Double) {
    let (upper, lower) = (Offsets.upper(stars), Offsets.lower(stars))
    if let upper {
      offsetSlopes[upper] += weight * term.lineSlopes.upper
      offsetCurvatures[upper * Offsets.count + upper] += weight * term.lineCurvatures.upper
    }
    if let lower {
      offsetSlopes[lower] += weight * term.lineSlopes.lower
      offsetCurvatures[lower * Offsets.count + lower] += weight * term.lineCurvatures.lower
    }
    if let upper, let lower {
      offsetCurvatures[upper * Offsets.count + lower] += weight * term.lineCurvatures.mixed
      offsetCurvatures[lower * Offsets.count + upper] += weight * term.lineCurvatures.mixed
    }
    guard let picture else { return }
    slopes[picture] += weight * term.slope
    diagonal[picture] += weight * term.curvature
    if let upper { mixed[picture * Offsets.count + upper] -= Float(weight * term.densities.upper) }
    if let lower { mixed[picture * Offsets.count + lower] -= Float(weight * term.densities.lower) }
  }

  /// The gradient by the weights w, where the utilities are x w: xᵀ slopes. x is [n, m].
  package func gradient(_ x: Tensor) -> [Double] {
    let slopes = Tensor(self.slopes.map { Float($0) }, shape: [self.slopes.count, 1])
    return matrixProduct(slopes, transposed: true, x).elements.map { Double($0) }
  }

  /// The second derivatives by w and the offsets together, [m + 5, m + 5]: xᵀ C x with borders.
  package func curvature(_ x: Tensor) -> [Double] {
    let width = x.width
    let inner = lowerTriangle(x, curvatureTimes(x)).elements
    let border = matrixProduct(Tensor(mixed, shape: [x.rows, Offsets.count]), transposed: true, x).elements  // [5, m]
    let order = width + Offsets.count
    var result = [Double](repeating: 0, count: order * order)
    for row in 0..<width {
      for column in 0...row {
        let value = Double(inner[row * width + column])
        (result[row * order + column], result[column * order + row]) = (value, value)
      }
      for offset in 0..<Offsets.count {
        result[row * order + width + offset] = Double(border[offset * width + row])
        result[(width + offset) * order + row] = Double(border[offset * width + row])
      }
    }
    for row in 0..<Offsets.count {
      for column in 0..<Offsets.count {
        result[(width + row) * order + width + column] = offsetCurvatures[row * Offsets.count + column]
      }
    }
    return result
  }

  /// xᵀ y, [m, m], where that is symmetric: what stands on the diagonal and below.
  private func lowerTriangle(_ x: Tensor, _ y: Tensor) -> Tensor {
    let (rows, width) = (x.rows, x.width)
    var result = Tensor(zeros: [width, width])
    unsafe result.withUnsafeMutableElements { result in
      let shared = unsafe SharedElements(result)
      parallel((width + Self.strip - 1) / Self.strip) { strips in
        for strip in strips {
          let (first, end) = (strip * Self.strip, min(width, (strip + 1) * Self.strip))
          unsafe multiply(
            MatrixView(x, offset: first, rows: rows, columns: end - first), transposed: true,
            by: MatrixView(y, rows: rows, columns: end), into: shared.part(first * width, (end - first) * width),
            resultStride: width)
        }
      }
    }
    return result
  }

  /// C x, C being the second derivatives by the utilities: a diagonal and what the pairs link.
  private func curvatureTimes(_ x: Tensor) -> Tensor {
    let (rows, width) = (x.rows, x.width)
    let (starts, others) = linksByPicture()
    return unsafe Tensor(uninitialized: [rows, width]) { result in
      let shared = unsafe SharedElements(result)
      parallel(rows, grain: 16) { rows in
        let result = unsafe shared.part(rows.lowerBound * width, rows.count * width)
        unsafe x.withUnsafeElements { x in
          for (place, row) in rows.enumerated() {
            let (factor, start) = (Float(diagonal[row]), row * width)
            let target = unsafe UnsafeMutableBufferPointer(rebasing: result[place * width..<(place + 1) * width])
            for column in 0..<width { unsafe target[column] = factor * x[start + column] }
            for link in others[starts[row]..<starts[row + 1]] {
              let (factor, start) = (link.curvature, link.picture * width)
              for column in 0..<width { unsafe target[column] -= factor * x[start + column] }
            }
          }
        }
      }
    }
  }

  /// The links of every picture one after the other, those of the picture `p` from `starts[p]` to `starts[p + 1]`: so every
  /// row of a product is written once.
  private func linksByPicture() -> (starts: [Int], others: [(picture: Int, curvature: Float)]) {
    var starts = [Int](repeating: 0, count: slopes.count + 1)
    for link in links {
      starts[link.first + 1] += 1
      starts[link.second + 1] += 1
    }
    for picture in slopes.indices { starts[picture + 1] += starts[picture] }
    var (next, others) = (starts, [(picture: Int, curvature: Float)](repeating: (0, 0), count: 2 * links.count))
    for link in links {
      let curvature = Float(link.curvature)
      others[next[link.first]] = (link.second, curvature)
      others[next[link.second]] = (link.first, curvature)
      next[link.first] += 1
      next[link.second] += 1
    }
    return (starts, others)
  }
}
