/// The rows of a table with these numbers: table [n, width] to [numbers, width].
package func rows(_ numbers: [Int], of table: Tensor) -> Tensor {
  let width = table.width
  precondition(numbers.allSatisfy { 0 <= $0 && $0 < table.rows }, "row outside of a table of \(table.rows)")
  return unsafe Tensor(uninitialized: [numbers.count, width]) { output in
    unsafe table.withUnsafeElements { table in
      for (position, number) in numbers.enumerated() {
        let row = unsafe UnsafeMutableBufferPointer(rebasing: output[position * width..<(position + 1) * width])
        _ = unsafe row.update(fromContentsOf: table[number * width..<(number + 1) * width])
      }
    }
  }
}

/// The pullback of `rows(_:of:)`, only the rows in play: their numbers in rising order, and for each the sum of the
/// cotangents of its places, [distinct numbers, width].
package func rowsPullback(_ dy: Tensor, numbers: [Int]) -> (numbers: [Int], gradient: Tensor) {
  let width = dy.width
  precondition(dy.rows == numbers.count, "\(numbers.count) rows have no cotangent of shape \(dy.shape)")
  let distinct = Array(Set(numbers)).sorted()
  let positions = Dictionary(uniqueKeysWithValues: distinct.enumerated().map { ($1, $0) })
  var gradient = Tensor(zeros: [distinct.count, width])
  gradient.add(dy, toRows: numbers.map { positions[$0] ?? 0 })
  return (distinct, gradient)
}

extension Tensor {
  /// Adds the rows of `other` to the rows with these numbers.
  package mutating func add(_ other: Tensor, toRows numbers: [Int]) {
    precondition(other.rows == numbers.count && other.width == width, "\(numbers.count) rows of shape \(other.shape)")
    let width = width
    unsafe withUnsafeMutableElements { elements in
      unsafe other.withUnsafeElements { other in
        for (place, row) in numbers.enumerated() {
          for column in 0..<width { unsafe elements[row * width + column] += other[place * width + column] }
        }
      }
    }
  }
}
