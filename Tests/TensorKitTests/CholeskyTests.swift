import TensorKit
import Testing

/// By hand: [[4, 2, 0], [2, 3, 1], [0, 1, 2]] has the determinant 4 (6 − 1) − 2 · 4 = 12 and, by cofactors, the inverse
/// [[5, −4, 2], [−4, 8, −4], [2, −4, 8]] / 12.
@Suite struct CholeskyTests {
  private let matrix: [Double] = [4, 2, 0, 2, 3, 1, 0, 1, 2]

  @Test func determinantInverseAndSolution() throws {
    let factors = try #require(Cholesky(matrix, order: 3))
    // Double precision, and a handful of operations: some ulps of 1.
    #expect(abs(factors.logDeterminant - 2.4849066497880004) < 1e-14)
    let expected: [Double] = [5, -4, 2, -4, 8, -4, 2, -4, 8]
    for (found, expected) in zip(factors.inverse(), expected) { #expect(abs(found - expected / 12) < 1e-14) }
    // A (1, −2, 3) = (0, −1, 4).
    for (found, expected) in zip(factors.solved([0, -1, 4]), [1.0, -2, 3]) { #expect(abs(found - expected) < 1e-14) }
  }

  @Test(
    "a matrix that is not positive definite has no factors",
    arguments: [[1.0, 2, 2, 1], [0, 0, 0, 0], [.nan, 0, 0, 1]])
  func refused(matrix: [Double]) { #expect((Cholesky(matrix, order: 2) == nil) as Bool) }
}
