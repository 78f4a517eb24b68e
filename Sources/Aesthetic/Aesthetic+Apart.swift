package import TensorKit

extension Aesthetic {
  /// The direction of what sets this aesthetic apart from `common`, what all pictures share: a − (a · c) c for the directions
  /// a and c, scaled to length 1, `[D]`. Nil where nothing does, or where the widths differ.
  ///
  /// CLIP's features of pictures have a large part in common, which no text has (Liang et al. 2022, "Mind the Gap", arXiv
  /// 2203.02053). Steps towards a raw aesthetic go that way first, and it says nothing of a taste. Taking the mean's
  /// direction out is the usual remedy (Mu and Viswanath 2018, "All-but-the-Top"); it does not depend on lengths, which
  /// files lose.
  package func direction(apartFrom common: Aesthetic) -> Tensor? {
    guard width == common.width else { return nil }
    let (own, shared) = (direction.elements.map { Double($0) }, common.direction.elements.map { Double($0) })
    let along = zip(own, shared).reduce(0) { $0 + $1.0 * $1.1 }
    let rest = zip(own, shared).map { $0 - along * $1 }
    let length = rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
    // Directions are rounded to Float, so of parallel ones about 1e-7 is left.
    guard length > 1e-5 else { return nil }
    return Tensor(rest.map { Float($0 / length) }, shape: [width])
  }
}
