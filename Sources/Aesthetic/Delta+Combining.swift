package import Files
import Synchronization
package import SystemPackage
import TensorKit

extension Delta {
  /// A delta with its weight in a blend, and its file, for errors.
  package struct Part: Sendable {
    let delta: Delta
    let weight: Float
    let path: FilePath

    /// A part of a blend.
    package init(_ delta: Delta, weight: Float, path: FilePath) {
      self.delta = delta
      self.weight = weight
      self.path = path
    }
  }

  /// The sum of the parts, each times its weight; they must belong to the same text encoder. Nil for no parts.
  package static func blend(_ parts: [Part]) throws(FileError) -> Delta? {
    guard let first = parts.first else { return nil }
    var sum = Delta(changes: [:], base: first.delta.base)
    sum.settings.mode = "blend"
    for part in parts {
      try part.delta.checkBase(first.delta.base, path: part.path, model: first.path)
      for (name, change) in part.delta.changes {
        let scaled = change.scaled(part.weight)
        guard let other = sum.changes[name] else {
          sum.changes[name] = scaled
          continue
        }
        guard let both = other.adding(scaled) else {
          throw FileError(.malformed, part.path, "changes \"\(name)\" in another shape than \(first.path.printable)")
        }
        sum.changes[name] = both
      }
    }
    return sum
  }

  /// The nearest delta whose linear maps change by at most this rank, by their leading singular values; the rest stays as it is, and so
  /// do maps whose factors would take more room than the whole, unless `whereLonger`.
  package func factorised(rank: Int, whereLonger: Bool = false) -> Delta {
    precondition(rank > 0, "a rank of \(rank)")
    let maps = changes.compactMap { name, change -> (ByteString, Tensor)? in
      guard case .exact(let difference) = change, difference.shape.count == 2,
        whereLonger || rank * (difference.rows + difference.width) < difference.count
      else { return nil }
      return (name, difference)
    }
    let factors = Mutex([ByteString: Change]())
    parallel(maps.count, piecesPerThread: maps.count) { range in
      for (name, difference) in maps[range] {
        guard let (up, down) = SingularValueDecomposition(leading: rank, of: difference)?.factors(rank: rank) else {
          continue
        }
        factors.withLock { $0[name] = .lowRank(up: up, down: down) }
      }
    }
    var result = self
    result.changes.merge(factors.withLock { $0 }) { $1 }
    result.settings.mode = "factorised"
    result.settings.rank = rank
    return result
  }
}

extension Delta.Change {
  /// The change times `factor`.
  func scaled(_ factor: Float) -> Delta.Change {
    switch self {
    case .exact(let difference): .exact(factor * difference)
    case .lowRank(let up, let down): .lowRank(up: factor * up, down: down)
    case .rows(let numbers, let differences): .rows(numbers, factor * differences)
    }
  }

  /// The sum of both changes; nil where their shapes do not go together. Factors stay factors, beside each other.
  func adding(_ other: Delta.Change) -> Delta.Change? {
    switch (self, other) {
    case (.rows(let first, let a), .rows(let second, let b)):
      guard a.width == b.width else { return nil }
      let numbers = Set(first + second).sorted()
      let places = Dictionary(uniqueKeysWithValues: numbers.enumerated().map { ($1, $0) })
      var sum = Tensor(zeros: [numbers.count, a.width])
      sum.add(a, toRows: first.compactMap { places[$0] })
      sum.add(b, toRows: second.compactMap { places[$0] })
      return .rows(numbers, sum)
    case (.rows, _), (_, .rows): return nil
    case (.lowRank(let up, let down), .lowRank(let otherUp, let otherDown)):
      guard up.rows == otherUp.rows, down.width == otherDown.width else { return nil }
      let side = zip(up.rowElements, otherUp.rowElements).flatMap { $0 + $1 }
      return .lowRank(
        up: Tensor(side, shape: [up.rows, up.width + otherUp.width]),
        down: Tensor.concatenated([down, otherDown]))
    case (.exact, _), (_, .exact):
      guard var sum = whole, let difference = other.whole, sum.shape == difference.shape else { return nil }
      sum += difference
      return .exact(sum)
    }
  }

  /// The difference as a whole, of the parameter's shape; nil for rows, which do not say how many there are.
  var whole: Tensor? {
    switch self {
    case .exact(let difference): difference
    case .lowRank(let up, let down): matrixProduct(up, down)
    case .rows: nil
    }
  }
}

extension Tensor {
  /// The rows, each as an array.
  fileprivate var rowElements: [ArraySlice<Float>] {
    let elements = elements
    return (0..<rows).map { elements[$0 * width..<($0 + 1) * width] }
  }
}
