import Aesthetic
import Files
import SystemPackage

/// A rating as a line of a file, or the command line, says it: pictures by their paths.
typealias RatingLine = Opinion<FilePath>

/// What is wrong with a line.
struct RatingLineError: Error {
  let problem: String
}

extension RatingLine {
  /// The columns of a table of ratings, and the members of a rating in JSON.
  static var columns: [ByteString] { ["picture", "kind", "value", "over", "weight"] }

  /// The rating that these `fields` of a line say. Paths are from `folder` on.
  init(_ fields: [ByteString: ByteString], folder: FilePath) throws(RatingLineError) {
    func field(_ name: ByteString) -> ByteString? { fields[name].flatMap { $0.bytes.isEmpty ? nil : $0 } }
    guard let picture = field("picture") else { throw RatingLineError(problem: "names no picture") }
    guard let kind = field("kind") else { throw RatingLineError(problem: "has no kind of rating") }
    var weight = 1.0
    if let text = field("weight") {
      guard let number = text.string.flatMap(Double.init), Self.weights.contains(number) else {
        throw RatingLineError(problem: "has the weight \(text); a number above 0, at most 1e6, was expected")
      }
      weight = number
    }
    let (value, over) = (field("value"), field("over"))
    if kind != "stars", let value, value != "1" {
      throw RatingLineError(problem: "has the value \(value), which only stars have")
    }
    if kind != "prefer", over != nil {
      throw RatingLineError(problem: "has a picture under over, which only prefer has")
    }
    let verdict: Verdict
    switch kind {
    case "like": verdict = .like
    case "dislike": verdict = .dislike
    case "skip": verdict = .skip
    case "stars":
      guard let count = value?.string.flatMap({ Int($0) }), (1...5).contains(count) else {
        throw RatingLineError(problem: "has \(value ?? "no number of") stars; 1 to 5 were expected")
      }
      verdict = .stars(count)
    case "prefer":
      guard let over else { throw RatingLineError(problem: "prefers a picture, but names none under over") }
      verdict = .preferred(over: Self.path(over, folder))
    default:
      throw RatingLineError(problem: "has the kind \(kind); like, dislike, stars, prefer or skip was expected")
    }
    self.init(picture: Self.path(picture, folder), verdict: verdict, weight: weight)
  }

  /// The same with pictures by their hashes; nil if one of them is not among `hashes`, or both of a pair are the same.
  func rating(_ hashes: [FilePath: String]) -> Rating? {
    map { hashes[$0] }.flatMap { $0.verdict == .preferred(over: $0.picture) ? nil : $0 }
  }

  /// The weights that a rating may have.
  static var weights: ClosedRange<Double> { Double.leastNormalMagnitude...1e6 }

  private static func path(_ text: ByteString, _ folder: FilePath) -> FilePath {
    folder.pushing(FilePath(bytes: text.bytes))
  }
}
