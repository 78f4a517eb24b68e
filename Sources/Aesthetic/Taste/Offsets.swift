import Glibc

/// What a rating's likelihood needs beside the utility of the picture: where the line between like and dislike is drawn,
/// and the lines between neighbouring numbers of stars. They belong to the person, and are fitted with the taste.
package struct Offsets: Hashable, Sendable {
  /// How many there are.
  static let count = 5
  /// [b, t1, t2, t3, t4]: a picture of utility f is liked with probability σ(f + b), and given at most k stars with
  /// probability σ(tₖ − f).
  package var values: [Double]

  /// Offsets of these values, in the order of `values`.
  package init(values: [Double]) { self.values = values }

  /// Where a picture of utility 0 is liked as often as not and gets every number of stars alike.
  package static let even = Offsets(values: [0] + (1...4).map { log(Double($0) / Double(5 - $0)) })

  /// The index of the line above `stars`, nil where there is none.
  static func upper(_ stars: Int) -> Int? { stars < 5 ? stars : nil }
  /// The index of the line below `stars`, nil where there is none.
  static func lower(_ stars: Int) -> Int? { stars > 1 ? stars - 1 : nil }
}

/// The cumulative logit of one number of stars (McCullagh 1980, Journal of the Royal Statistical Society B 42, section 2):
/// log(σ(u) − σ(l)), u and l being the lines above and below it minus the utility f, and its derivatives.
struct StarTerm {
  /// The logarithm of the probability; −∞ where the lines are not in order.
  let log: Double
  /// The derivative by f.
  let slope: Double
  /// Minus the second derivative by f.
  let curvature: Double
  /// σ'(u) and σ'(l), 0 where there is no such line; the mixed second derivatives by f and the line are just these.
  let densities: (upper: Double, lower: Double)
  /// The derivatives by the lines.
  let lineSlopes: (upper: Double, lower: Double)
  /// Minus the second derivatives by the lines: upper, lower, mixed.
  let lineCurvatures: (upper: Double, lower: Double, mixed: Double)

  init(_ stars: Int, utility f: Double, _ offsets: Offsets) {
    let u = Offsets.upper(stars).map { offsets.values[$0] - f } ?? .infinity
    let l = Offsets.lower(stars).map { offsets.values[$0] - f } ?? -.infinity
    let (p, q) = (sigmoid(u), sigmoid(l))
    // σ(u) − σ(l) = σ(u) σ(−l) (1 − e^(l − u)), without cancellation.
    log = l < u ? logSigmoid(u) + logSigmoid(-l) + log1p(-exp(l - u)) : -.infinity
    let probability = exp(log)
    let (dp, dq) = (p * sigmoid(-u), q * sigmoid(-l))
    slope = p + q - 1
    curvature = dp + dq
    densities = (dp, dq)
    let (a, b) = probability > 0 ? (dp / probability, dq / probability) : (0, 0)
    lineSlopes = (a, -b)
    lineCurvatures = (a * a - a * (1 - 2 * p), b * b + b * (1 - 2 * q), -a * b)
  }
}
