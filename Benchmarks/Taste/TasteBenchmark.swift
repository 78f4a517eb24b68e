import Aesthetic
import ArgumentParser
import Foundation
import Glibc
import PocketModel
import Raster
import SystemPackage
import TensorKit

/// How well a taste is learned from so many answers, by simulated people whose taste is known.
@main struct TasteBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "taste-benchmark",
    abstract: "Measures how well a taste is learned from so many ratings.",
    discussion: """
      People are simulated, and so their taste is known: linear in the features, or a statistic of the pixels. They are \
      asked which of two pictures they prefer; what is learned is tried on pairs of other pictures. scikit-learn does the \
      same where $AESGRAD_PYTHON (else python3) has it.

      Example: taste-benchmark pictures
      """)

  @Option(help: "A CLIP model's folder; otherwise that of the model that ships.")
  var clip: String?

  @Option(help: "How many people have a linear taste.")
  var people = 200

  @Option(help: "How many of them have their pairs chosen, which takes the most time.")
  var choosing = 100

  @Option(help: "Where the plot of accuracy over the number of ratings goes.")
  var plot = "taste.png"

  @Argument(help: "A folder of pictures, 2,000 or so.")
  var pictures: String

  private static let sizes = [5, 10, 20, 50, 100, 200]
  /// Where chosen pairs are measured: enough for 200 pairs at random, if they need 0.7 times as many.
  private static let chosenSizes = [5, 10, 14, 20, 28, 35, 50, 70, 100, 140]

  func run() throws {
    guard let clip = clip.map({ FilePath($0) }) ?? PocketModel.folder()?.appending("clip") else {
      throw ValidationError("The model that ships is not there: --clip names a CLIP model")
    }
    let pool = try Pool(FilePath(pictures), clip: clip)
    print("\(pool.features.rows) pictures of \(pool.features.width) features; one in four is unseen\n")
    var random = SplitMix(state: 1)
    let linear = (0..<people).map { _ in Person(linearIn: pool.features, &random) }
    var series: [LinePlot.Series] = []
    func report(_ name: String, _ means: [(size: Int, mean: Double, error: Double)]) {
      print(
        name.padding(toLength: 34, withPad: " ", startingAt: 0)
          + means.map { String(format: "%4d %.3f±%.3f", $0.size, $0.mean, $0.error) }.joined(separator: "  "))
      series.append(LinePlot.Series(name: name, points: means.map { (Double($0.size), $0.mean) }))
    }
    print("a linear taste, pairs at random: mean accuracy on unseen pairs after so many ratings, ± its standard error")
    for errors in [0, 0.1] {
      let sessions = Sessions(linear, pool, sizes: Self.sizes, errors: errors)
      let label = errors == 0 ? "no wrong answers" : "one in ten wrong"
      report("aesgrad, \(label)", sessions.means)
      if let others = try Scikit.accuracy(sessions, pool, sizes: Self.sizes) {
        report("scikit-learn, \(label)", Self.sizes.map { (size: $0, mean: others[$0] ?? .nan, error: 0) })
      } else {
        print("scikit-learn cannot run here: $AESGRAD_PYTHON has to name a python that has it")
      }
    }
    print("\na taste that is a statistic of the pixels, or a mix of two")
    let looking = Person.lookingAtPixels(of: pool)
    for choosing in [false, true] {
      report(
        choosing ? "pixels, chosen pairs" : "pixels, random pairs",
        Sessions(
          [[Person]](repeating: looking, count: choosing ? 1 : 4).flatMap(\.self), pool, sizes: [5, 10, 20, 50, 100],
          choosing: choosing
        ).means)
    }
    print("\na linear taste, pairs chosen by what they would tell")
    let some = Array(linear.prefix(choosing))
    for errors in [0, 0.1] {
      let label = errors == 0 ? "no wrong answers" : "one in ten wrong"
      let chosen = Sessions(some, pool, sizes: Self.chosenSizes, errors: errors, choosing: true)
      report("chosen pairs, \(label)", chosen.means)
      let drawn = Sessions(some, pool, sizes: Self.sizes, errors: errors)
      for (size, mean, _) in drawn.means where size >= 20 {
        let needed = chosen.answers(toReach: mean)
        let ratio =
          needed.map { String(format: "%.0f, %.2f times", $0, $0 / Double(size)) }
          ?? "more than \(Self.chosenSizes.max() ?? 0)"
        print("  as good as \(size) random pairs (\(String(format: "%.3f", mean))) after \(ratio)")
      }
    }
    let (wall, processor) = Self.largeSeconds()
    print(
      "\n100,000 ratings of 20,000 pictures, 768 features: learned in "
        + String(format: "%.2f s, %.2f s of the processors", wall, processor))
    let drawing = LinePlot(
      title: "How well a taste is known", xLabel: "ratings", yLabel: "accuracy on unseen pairs", series: series)
    try drawing.drawn().writePNG(to: FilePath(plot), replacing: true)
    print("\nplot: \(plot)")
  }

  /// What learning from many ratings takes: half pairs, the rest likes and stars, of features whose spectrum falls.
  private static func largeSeconds() -> (wall: Double, processor: Double) {
    var random = SplitMix(state: 2)
    let (pictures, width) = (20_000, 768)
    let features = Tensor(
      (0..<pictures * width).map { Float.random(in: -1...1, using: &random) / Float(1 + $0 % width).squareRoot() },
      shape: [pictures, width])
    let person = Person(linearIn: features, &random)
    let utilities = standardised(person.utilities)
    let judgements = (0..<100_000).map { index in
      let picture = Int.random(in: 0..<pictures, using: &random)
      let opinion = utilities[picture] + random.normal()
      switch index % 4 {
      case 0: return Judgement(picture: picture, verdict: opinion > 0 ? .like : .dislike)
      case 1: return Judgement(picture: picture, verdict: .stars(min(5, max(1, Int((3 + opinion).rounded())))))
      default:
        let answer = person.answer(picture, (picture + 1 + index) % pictures, errors: 0.1, &random)
        return Judgement(picture: answer.winner, verdict: .preferred(over: answer.loser))
      }
    }
    let appearance = Tensor(
      (0..<pictures * Appearance.count).map { _ in Float(random.normal()) }, shape: [pictures, Appearance.count])
    let sights = Sights(features: features, appearance: appearance)
    let (clock, before) = (ContinuousClock(), Glibc.clock())
    let time = clock.measure { _ = Taste(sights, judgements: judgements) }
    let wall = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    return (wall, Double(Glibc.clock() - before) / Double(CLOCKS_PER_SEC))
  }
}
