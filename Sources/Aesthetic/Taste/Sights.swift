package import TensorKit

/// What a taste can depend on, for n pictures: what CLIP sees in them, and what they look like.
package struct Sights: Sendable {
  /// Raw image features.
  package let features: Tensor  // [n, D]
  /// The values of `Appearance`, or no columns: then a taste is learned from the features alone.
  package let appearance: Tensor  // [n, A]

  /// Pictures of which only the features are known.
  package init(features: Tensor) {
    self.init(features: features, appearance: Tensor(zeros: [features.rows, 0]))
  }

  /// Pictures with these features and appearances. One whose appearance is not known is taken for an average one.
  package init(features: Tensor, appearances: [Appearance?]) {
    let known = appearances.compactMap(\.self)
    let average = (0..<Appearance.count).map { index in
      known.reduce(0) { $0 + $1.values[index] } / Float(max(1, known.count))
    }
    self.init(
      features: features,
      appearance: Tensor(appearances.flatMap { $0?.values ?? average }, shape: [appearances.count, Appearance.count]))
  }

  /// Pictures with these features, [n, D], and values of `Appearance`, [n, A].
  package init(features: Tensor, appearance: Tensor) {
    precondition(features.rows == appearance.rows, "features of \(features.rows) pictures, \(appearance.rows) looks")
    (self.features, self.appearance) = (features, appearance)
  }

  /// How many pictures there are.
  package var count: Int { features.rows }

  /// Some of the pictures.
  package func rows(_ numbers: [Int]) -> Sights {
    Sights(features: TensorKit.rows(numbers, of: features), appearance: TensorKit.rows(numbers, of: appearance))
  }
}
