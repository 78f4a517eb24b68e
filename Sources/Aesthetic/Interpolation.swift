import Glibc
package import TensorKit

/// How a plain and a personalised conditioning are blended.
package enum Blending: Hashable, Sendable {
  /// (1 − w) a + w b.
  case linear
  /// Each token's vector turns from a to b by the share w of the angle between them (Shoemake 1985, slerp).
  case spherical
  /// Spherical along the axis of the tokens, a feature at a time, as the A1111 extension has it.
  case sphericalOverTokens
}

/// a and b, [tokens, width], blended with the weight w of b; 0 and 1 give a and b to the bit.
package func blended(_ a: Tensor, _ b: Tensor, weight w: Double, _ blending: Blending) -> Tensor {
  precondition(a.shape == b.shape && a.shape.count == 2, "a blend of \(a.shape) and \(b.shape)")
  if w == 0 { return a }
  if w == 1 { return b }
  let (rows, width) = (a.rows, a.width)
  let (first, second) = (a.elements, b.elements)
  var result = first
  // Vectors as the places of their elements: a token's features, or a feature of all tokens.
  let vectors: [StrideTo<Int>] =
    switch blending {
    case .linear, .spherical: (0..<rows).map { stride(from: $0 * width, to: ($0 + 1) * width, by: 1) }
    case .sphericalOverTokens: (0..<width).map { stride(from: $0, to: rows * width, by: width) }
    }
  for places in vectors {
    let shares =
      blending == .linear
      ? (1 - w, w) : sphericalShares(places.map { first[$0] }, places.map { second[$0] }, share: w)
    for place in places { result[place] = Float(shares.0 * Double(first[place]) + shares.1 * Double(second[place])) }
  }
  return Tensor(result, shape: a.shape)
}

/// How a text turns an aesthetic.
package struct TextRotation: Sendable {
  /// The share of the angle from the aesthetic to the text, 0 to 1.
  package let share: Double
  /// Turns away from the text: towards normalize(e − u).
  package let isNegative: Bool
  /// As the A1111 extension does, which mixes the text's vector in at its full length, many times the aesthetic's.
  package let isCompatible: Bool

  /// A rotation; see the properties.
  package init(share: Double, isNegative: Bool, isCompatible: Bool) {
    self.share = share
    self.isNegative = isNegative
    self.isCompatible = isCompatible
  }

  /// The aesthetic e, of length 1, turned with the text's feature u, of any length; the result has length 1.
  ///
  /// Nil where there is no way to turn: a text that is zero, or points exactly the other way, or, where the rotation is
  /// negative, exactly the same way.
  package func callAsFunction(_ e: Tensor, text u: Tensor) -> Tensor? {
    precondition(e.count == u.count, "features of \(e.count) and \(u.count)")
    let aesthetic = e.elements.map { Double($0) }
    var text = u.elements.map { Double($0) }
    if !isCompatible {
      guard let unit = normalised(text) else { return nil }
      text = unit
    }
    if isNegative {
      guard let away = normalised(zip(aesthetic, text).map { $0 - $1 }) else { return nil }
      text = away
    }
    let shares = sphericalShares(aesthetic.map { Float($0) }, text.map { Float($0) }, share: share)
    let turned = zip(aesthetic, text).map { shares.0 * $0 + shares.1 * $1 }
    return normalised(turned).map { Tensor($0.map { Float($0) }, shape: e.shape) }
  }

  /// Nil for what is zero, to the rounding of Float32 features of length 1.
  private func normalised(_ vector: [Double]) -> [Double]? {
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length > 1e-6 && length.isFinite ? vector.map { $0 / length } : nil
  }
}

/// What a and b are multiplied by to stand at a share v of the angle ω between their directions: sin((1 − v) ω) / sin ω and
/// sin(v ω) / sin ω, or 1 − v and v where there is no such angle, or no one way from a to b.
private func sphericalShares(_ a: [Float], _ b: [Float], share v: Double) -> (Double, Double) {
  func length(_ vector: some Sequence<Double>) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
  let (lengthA, lengthB) = (length(a.lazy.map { Double($0) }), length(b.lazy.map { Double($0) }))
  guard lengthA > 0, lengthB > 0 else { return (1 - v, v) }
  let pairs = zip(a, b).map { (Double($0) / lengthA, Double($1) / lengthB) }
  // Kahan's formula: exact for small angles too, where the arc cosine is not.
  let angle = 2 * atan2(length(pairs.lazy.map { $0 - $1 }), length(pairs.lazy.map { $0 + $1 }))
  guard sin(angle) > 1e-7 else { return (1 - v, v) }
  return (sin((1 - v) * angle) / sin(angle), sin(v * angle) / sin(angle))
}
