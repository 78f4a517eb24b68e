import Aesthetic
import Files
import Foundation

/// One fact of a profile's history, as it is shown.
struct RatingReport: Encodable {
  let number: Int64
  let time: String
  /// "like", "dislike", "stars", "pair", "skip" or "undo".
  let kind: String
  var picture: String?
  var path: String?
  var loser: String?
  var loserPath: String?
  var stars: Int?
  var weight: Double?
  var undone: Int64?
  let source: String
  let counts: Bool

  init(_ event: RatingEvent) {
    number = event.number
    time = event.time.formatted(.iso8601)
    kind = event.rating?.verdict.kind ?? "undo"
    picture = event.rating?.picture
    path = event.paths.first?.printable
    if case .preferred(let hash) = event.rating?.verdict {
      loser = hash
      loserPath = event.paths.last?.printable
    }
    if case .stars(let count) = event.rating?.verdict { stars = count }
    weight = event.rating?.weight
    undone = event.undone
    source = event.source
    counts = event.isInEffect
  }

  /// For people to read, without number and time.
  var text: String {
    let verdict =
      switch kind {
      case "stars": counted(stars ?? 0, "star") + " for"
      case "pair": "preferred"
      case "undo": "took back rating \(undone ?? 0)"
      default: kind
      }
    let words = [verdict, path, loserPath.map { "over " + $0 }, weight == 1 ? nil : weight.map { "(weight \($0))" }]
    return words.compactMap(\.self).joined(separator: " ")
  }
}
