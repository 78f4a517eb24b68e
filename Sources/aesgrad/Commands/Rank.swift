import Aesthetic
import ArgumentParser
import Files
import TensorKit

struct Rank: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Puts pictures in the order in which a profile would like them.",
    discussion: """
      The best comes first. What is told of each is how much it is liked and how sure that is, in logits: of two \
      pictures the one with 1 more is preferred in 73 % of cases. Where a profile has likes only, it is how near the \
      picture is to them, between -1 and 1.

      Example: aesgrad rank pictures/ --profile warm
      """)

  @Argument(help: ArgumentHelp("Pictures (PNG, JPEG, WebP) and folders of them.", valueName: "path"))
  var paths: [PathArgument]

  @OptionGroup var options: ProfileOptions
  @OptionGroup var models: ModelOptions
  @OptionGroup var output: OutputOptions

  private struct Report: Encodable {
    let profile: String
    /// "utility", in logits, or "similarity".
    let measure: String
    let pictures: [Line]

    struct Line: Encodable {
      let path: String
      let score: Double
      /// The standard deviation of the score.
      let deviation: Double?
    }
  }

  func run() throws {
    models.applyThreads()
    let store = try options.store.open()
    let model = try ImageModel(models.clipModel())
    var failures = Failures("pictures")
    let profile = try LearnedProfile(
      store.profile(options.profile), in: store, by: model, &failures, quiet: output.quiet)
    let pictures = try PictureFeatures(paths, in: store, by: model, &failures, quiet: output.quiet)
    let scores = profile.scores(pictures.sights)
    let deviations = profile.deviations(pictures.sights)
    let order = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
    let lines = order.map {
      Report.Line(path: pictures.paths[$0].printable, score: scores[$0], deviation: deviations?[$0])
    }
    if output.json {
      try Console.printJSON(
        Report(
          profile: profile.profile.name, measure: profile.taste == nil ? "similarity" : "utility", pictures: lines))
    } else {
      let places = profile.taste == nil ? 3 : 2
      try Console.printLine(
        table(
          lines.enumerated().map { place, line in
            ["\(place + 1)", rounded(line.score, places)] + (line.deviation.map { ["±\(rounded($0, places))"] } ?? [])
              + [line.path]
          }))
    }
    try failures.check(total: pictures.paths.count + failures.count)
  }
}
