import Aesthetic
import CLIPKit
import SystemPackage
import TensorKit

/// Twenty steps on a prompt of 14 tokens, with random weights of the size of ViT-L/14.
struct PersonalizationBench: Encodable {
  /// Seconds, all weights being moved.
  let exact: Comparison
  /// Seconds with factors of rank 16.
  let lowRank: Comparison
  /// The gain in similarity with factors, as a share of the exact one.
  let lowRankGain: Float
  /// Seconds that finding the factors of an exact delta takes.
  let factorisationSeconds: Double
  /// The share of the conditioning's shift that they keep.
  let factorisationKeeps: Float

  private static let rank = 16

  init(_ folder: FilePath, peers: FilePath?, quiet: Bool) throws {
    let location = try ModelLocation(folder)
    let encoder = try TextEncoder(location)
    let target = Tensor(randomWithSeed: 8, shape: [1, RandomModel.features], scale: 1).rowsNormalised()
    let exactly = Personalizer(
      projection: try TextProjection(location), target: target.reshaped([RandomModel.features]))
    var withFactors = exactly
    withFactors.mode = .lowRank(Self.rank)
    let texts = [RandomModel.text]
    func run(_ personalizer: Personalizer, _ encoder: inout TextEncoder) throws -> [Float] {
      try personalizer(&encoder, texts: texts) { _ in try Interruption.check() }
    }

    var (tuned, termed) = (encoder, encoder)
    let gains = try [run(exactly, &tuned), run(withFactors, &termed)].map { ($0.last ?? 0) - ($0.first ?? 0) }
    lowRankGain = gains[1] / gains[0]

    let base = encoder.fingerprint
    let delta = try Delta(from: location.textEncoder().weights, to: tuned, tokens: texts, base: base)
    let clock = ContinuousClock()
    var factors = delta
    factorisationSeconds = clock.measure { factors = delta.factorised(rank: Self.rank) }.seconds
    var approximate = encoder
    try factors.apply(to: &approximate, path: "factors", model: folder)
    let plain = encoder.conditioning(texts)
    let whole = tuned.conditioning(texts)
    factorisationKeeps = 1 - (whole + -1 * approximate.conditioning(texts)).norm / (whole + -1 * plain).norm

    // A step reads the weights forwards; on the way back it reads them again, and where they change reads and writes them
    // and Adam's two moments.
    let steps = Double(exactly.steps)
    func reading() throws -> Double { RandomModel.linearBytes / (try MachineLimits.reading()) / 1e9 }
    func changing() throws -> Double { RandomModel.linearBytes / (try MachineLimits.sweeping()) / 1e9 }
    let comparisons = try Comparison.inTurn(
      [
        // The weights of the last run are as good as the first: only time is measured.
        ({ steps * (try reading() + 6 * changing()) }, { _ = try run(exactly, &tuned) }),
        (
          { steps * 2 * (try reading()) },
          {
            termed = encoder
            _ = try run(withFactors, &termed)
          }
        ),
      ], Peer.personalization(model: folder, threads: Threads.count), scripts: peers, quiet: quiet)
    (exact, lowRank) = (comparisons[0], comparisons[1])
  }

  /// For people to read.
  var table: String {
    func percent(_ share: Float) -> String { "\(rounded(Double(100 * share), 1)) %" }
    return """
      \(exact.table("20 exact steps, prompt of 14 tokens, seconds"))

      \(lowRank.table("the same with factors of rank \(Self.rank), seconds"))
      gain in similarity       \(percent(lowRankGain)) of that of the exact steps
      exact steps              aesgrad is \(rounded(exact.seconds / lowRank.seconds, 2)) times as fast with factors

      factors of rank \(Self.rank) of the exact delta
      seconds                  \(rounded(factorisationSeconds, 2))
      shift of conditioning    \(percent(factorisationKeeps)) kept
      """
  }
}
