import Aesthetic
import ArgumentParser
import SystemPackage

/// What is said about pictures: exactly one thing.
struct SayingOptions: ParsableArguments {
  @Flag(help: "They are liked.")
  var like = false

  @Flag(help: "They are disliked.")
  var dislike = false

  @Option(parsing: .unconditional, help: ArgumentHelp("They get so many stars, 1 to 5.", valueName: "count"))
  var stars: Int?

  @Flag(help: "They were seen, and nothing is said.")
  var skip = false

  @Option(help: ArgumentHelp("This picture is better than the one behind --over.", valueName: "picture"))
  var prefer: PathArgument?

  @Option(help: ArgumentHelp("See --prefer.", valueName: "picture"))
  var over: PathArgument?

  @Option(help: ArgumentHelp("Take the ratings in this file over.", valueName: "file"))
  var from: PathArgument?

  func validate() throws {
    let said = [like, dislike, stars != nil, skip, prefer != nil, from != nil].filter { $0 }.count
    guard said == 1 else {
      throw ValidationError("One of --like, --dislike, --stars, --skip, --prefer and --from is needed")
    }
    if let stars, !(1...5).contains(stars) { throw ValidationError("--stars \(stars): 1 to 5 are needed") }
    if (prefer == nil) != (over == nil) { throw ValidationError("--prefer and --over belong together") }
  }

  /// What is said about each of the pictures that are given; nil where ratings are given in another way.
  var verdict: RatingLine.Verdict? {
    if let stars { return .stars(stars) }
    return like ? .like : dislike ? .dislike : skip ? .skip : nil
  }

  /// The picture that is preferred, and the other.
  var pair: (winner: FilePath, loser: FilePath)? { prefer.flatMap { prefer in over.map { (prefer.path, $0.path) } } }
}
