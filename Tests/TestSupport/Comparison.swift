public import TensorKit
public import Testing

/// Expects two tensors to have the same shape and values that differ by at most `absolute` + `relative` · the largest
/// expected magnitude; the worst element is named.
///
/// The magnitude is the whole tensor's: rounding in sums is proportional to the largest terms, not to the result.
public func expectClose(
  _ actual: Tensor, _ expected: Tensor, relative: Float = 0, absolute: Float = 0, _ name: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual.shape == expected.shape, "\(name)", sourceLocation: sourceLocation)
  guard actual.count == expected.count else { return }
  let (actual, expected) = (actual.elements, expected.elements)
  let magnitude = expected.reduce(0) { max($0, abs($1)) }
  let limit = absolute + relative * magnitude
  let differences = zip(actual, expected).map { abs($0 - $1) }
  guard let worst = differences.indices.max(by: { !(differences[$0] >= differences[$1]) }) else { return }
  #expect(
    differences.allSatisfy { $0 <= limit },
    "\(name)[\(worst)]: \(actual[worst]), expected \(expected[worst]); off by \(differences[worst]), limit \(limit)",
    sourceLocation: sourceLocation)
}
