import Aesthetic
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// What is learned from ratings against scikit-learn and SciPy in Float64 (Tools/reference/taste.py).
///
/// Ours has utilities and gradients from Float32 products and double precision elsewhere. Sums of up to 40 terms are off by
/// about 1e-6 of the largest; the flattest direction of these posteriors multiplies that by τ² = 16, so 1e-4 is allowed.
@Suite struct TasteTests {
  private static let tolerance: Float = 1e-4
  private static let cases = ["pairs", "likes", "stars", "mixed", "wide", "extremes"]

  @Test("weights, offsets, covariance, posterior and evidence", arguments: cases, ["weak", "strong"])
  func fit(name: String, prior: String) throws {
    let learned = try LearnedElsewhere(name)
    let values = try learned("\(prior).values").elements
    let likelihood = TasteLikelihood(learned.judgements)
    let fit = TasteFit(
      likelihood, at: rows(likelihood.pictures, of: try learned("features")), priorVariance: Double(values[0]))
    func close(_ actual: [Double], _ expected: String) throws {
      let expected = try learned("\(prior).\(expected)")
      expectClose(
        Tensor(actual.map { Float($0) }, shape: [actual.count]), expected, relative: Self.tolerance, "\(name) \(prior)")
    }
    try close(fit.weights, "weights")
    try close(fit.offsets.values, "offsets")
    try close([fit.priorVariance, fit.logPosterior, fit.logEvidence], "values")
    expectClose(fit.covariance(), try learned("\(prior).covariance"), relative: Self.tolerance, "\(name) \(prior)")
  }

  @Test(
    "the taste, with the prior that the ratings ask for", arguments: cases + ["looks", "wide-looks", "few-looks"])
  func learning(name: String) throws {
    let learned = try LearnedElsewhere(name)
    let features = try learned("features")
    let sights = Sights(features: features, appearance: try learned("appearance"))
    let taste = Taste(sights, judgements: learned.judgements)
    #expect([taste.priorVariance, taste.appearanceShare].map { Float($0) } == (try learned("learned.prior").elements))
    expectClose(taste.center, try learned("learned.center"), relative: 1e-6, name)
    expectClose(taste.direction, try learned("learned.direction"), relative: Self.tolerance, name)
    expectClose(taste.appearanceDirection, try learned("learned.looks"), relative: Self.tolerance, name)
    expectClose(taste.covariances(sights), try learned("learned.covariances"), relative: Self.tolerance, name)
    expectClose(try #require(taste.aesthetic).mean, try learned("learned.mean"), relative: Self.tolerance, name)
    let utilities = taste.utilities(sights)
    expectClose(
      Tensor(utilities.map { Float($0) }, shape: [utilities.count]), try learned("learned.utilities"),
      relative: Self.tolerance, name)
  }

  @Test("who looks at colours is found out by enough ratings, and by few nobody")
  func share() throws {
    for (name, share) in [("looks", 0.25...0.75), ("wide-looks", 0.25...0.75), ("few-looks", 0...0)] {
      #expect(share.contains(Double(try LearnedElsewhere(name)("learned.prior").elements[1])), "\(name)")
    }
  }

  /// The quotient is off by O(h²) and by Float32 utilities; see `FiniteDifferenceTests`.
  @Test("the likelihood's derivatives against finite differences", arguments: ["mixed", "extremes"])
  func derivatives(name: String) throws {
    let learned = try LearnedElsewhere(name)
    let likelihood = TasteLikelihood(learned.judgements)
    let count = likelihood.pictures.count
    var random = SplitMix(state: 3)
    var offsets = Offsets.even
    for index in offsets.values.indices { offsets.values[index] += 0.1 * Double(index) }
    let utilities = (0..<count).map { _ in Double.random(in: -2...2, using: &random) }
    let (derivatives, h) = (likelihood.derivatives(utilities, offsets), 1e-5)
    for index in 0..<count {
      var (above, below) = (utilities, utilities)
      above[index] += h
      below[index] -= h
      let quotient = (likelihood.log(above, offsets) - likelihood.log(below, offsets)) / (2 * h)
      // Rounding of about 1e-14 over 1e-5, and h² times a third derivative.
      #expect(abs(quotient - derivatives.slopes[index]) < 1e-7)
    }
    for index in offsets.values.indices {
      var (above, below) = (offsets, offsets)
      above.values[index] += h
      below.values[index] -= h
      let quotient = (likelihood.log(utilities, above) - likelihood.log(utilities, below)) / (2 * h)
      #expect(abs(quotient - derivatives.offsetSlopes[index]) < 1e-7)
    }
    // Second derivatives along weights and offsets together: x of width 2 makes every utility depend on two weights.
    let x = Tensor.random([count, 2], using: &random)
    func gradient(_ point: [Double]) -> [Double] {
      let utilities = (0..<count).map { row in
        Double(x.elements[2 * row]) * point[0] + Double(x.elements[2 * row + 1]) * point[1]
      }
      let derivatives = likelihood.derivatives(utilities, Offsets(values: Array(point[2...])))
      return derivatives.gradient(x) + derivatives.offsetSlopes
    }
    let point = [0.3, -0.7] + offsets.values
    let at = (0..<count).map { Double(x.elements[2 * $0]) * 0.3 - Double(x.elements[2 * $0 + 1]) * 0.7 }
    let curvature = likelihood.derivatives(at, offsets).curvature(x)
    let step = 1e-2
    for column in point.indices {
      var (above, below) = (point, point)
      above[column] += step
      below[column] -= step
      for (row, (high, low)) in zip(gradient(above), gradient(below)).enumerated() {
        // h² of 1e-4 times third derivatives of order 10, and Float32 sums of 1e-6 over h.
        #expect(abs((high - low) / (2 * step) + curvature[row * point.count + column]) < 5e-3)
      }
    }
  }

  @Test("nothing but likes gives the plain mean, one like the picture itself, and no rating the mean of all")
  func plainMean() throws {
    var random = SplitMix(state: 5)
    let features = Tensor.random([5, 8], using: &random)
    func mean(_ judgements: [Judgement]) throws -> Tensor {
      try #require(Taste(Sights(features: features), judgements: judgements).aesthetic).mean
    }
    func plain(_ pictures: [Int]) throws -> Tensor {
      try #require(Aesthetic(features: rows(pictures, of: features))).mean
    }
    func likes(_ pictures: [Int]) -> [Judgement] { pictures.map { Judgement(picture: $0, verdict: .like) } }
    try expectClose(mean([]), plain([0, 1, 2, 3, 4]), absolute: 1e-6)
    try expectClose(mean([Judgement(picture: 1, verdict: .skip)]), plain([0, 1, 2, 3, 4]), absolute: 1e-6)
    try expectClose(mean(likes([3])), plain([3]), absolute: 0)
    // The direction is zero but for rounding of the center, 1e-7, under a prior that leaves it alone.
    try expectClose(mean(likes([0, 2, 3])), plain([0, 2, 3]), absolute: 1e-5)
  }

  @Test("ratings that say nothing leave everything finite")
  func degenerate() throws {
    var elements = [Float](repeating: 1, count: 12)
    for verdict in [Judgement.Verdict.like, .dislike, .stars(1), .stars(5), .preferred(over: 1), .preferred(over: 0)] {
      let sights = Sights(features: Tensor(elements, shape: [3, 4]))
      let taste = Taste(sights, judgements: [Judgement(picture: 0, verdict: verdict, weight: 1)])
      let covariances = taste.covariances(sights)
      let aesthetic = try #require(taste.aesthetic)
      for found in [taste.direction, covariances, aesthetic.mean] { #expect(found.isFinite(0..<found.count)) }
      elements[0] += 1
    }
  }
}

/// One case of the fixture.
private struct LearnedElsewhere {
  private let file: SafetensorsFile
  private let name: String
  let judgements: [Judgement]

  init(_ name: String) throws {
    let url = try #require(Bundle.module.url(forResource: "Fixtures/taste", withExtension: "safetensors"))
    file = try SafetensorsFile(FilePath(url.path))
    self.name = name
    let text = try #require(file.metadata["reference"])
    let json = try #require(try JSONSerialization.jsonObject(with: Data(text.bytes)) as? [String: [[Any]]])
    judgements = try #require(json[name]).map { entry in
      let kind = try #require(entry[0] as? String)
      let (picture, other) = (try #require(entry[1] as? Int), try #require(entry[2] as? Int))
      let verdicts: [String: Judgement.Verdict] = [
        "pair": .preferred(over: other), "like": .like, "dislike": .dislike, "stars": .stars(other), "skip": .skip,
      ]
      return Judgement(
        picture: picture, verdict: try #require(verdicts[kind]), weight: try #require(entry[3] as? Double))
    }
  }

  func callAsFunction(_ tensor: String) throws -> Tensor { try file.tensor(ByteString("\(name).\(tensor)")) }
}
