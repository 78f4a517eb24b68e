import Aesthetic
import Files
import Foundation
import GRDB
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Pictures, models and profiles that stand for real ones.
enum StoreFixture {
  static let model = StoredModel(
    fingerprint: String(repeating: "1", count: 64), kind: .imageEncoder, name: "small", width: 3)
  static let encoder = StoredModel(
    fingerprint: String(repeating: "2", count: 64), kind: .textEncoder, name: "small", width: 4)

  static func name(_ text: String) throws -> ProfileName { try #require(ProfileName(text)) }

  static func picture(_ number: Int) -> PictureRecord {
    PictureRecord(
      hash: PictureRecord.hash(of: [UInt8(number)]), width: 4, height: 3, path: FilePath("/pictures/\(number).png"),
      settings: number == 0 ? "a cat\nSteps: 20" : nil, thumbnail: [1, 2, UInt8(number)])
  }

  static func rating(_ number: Int, _ verdict: Rating.Verdict, weight: Double = 1) -> Rating {
    Rating(picture: picture(number).hash, verdict: verdict, weight: weight)
  }

  static func preferred(_ number: Int, over other: Int) -> Rating {
    rating(number, .preferred(over: picture(other).hash))
  }

  static var delta: Delta {
    var random = SplitMix(state: 5)
    var delta = Delta(
      changes: [
        "table": .rows([2, 7], Tensor.random([2, 4], using: &random)),
        "map": .lowRank(up: Tensor.random([8, 2], using: &random), down: Tensor.random([2, 4], using: &random)),
        "bias": .exact(Tensor.random([4], using: &random)),
      ], base: encoder.fingerprint)
    delta.settings.steps = 20
    delta.settings.mode = "low-rank"
    delta.settings.rank = 2
    delta.similarity = (0.25, 0.5)
    return delta
  }

  /// Lends `body` an empty store with one profile.
  static func withStore(_ body: (Store, Profile, FilePath) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let store = try Store(folder.appending("a.sqlite"), creating: true)
      try body(store, try store.createProfile(name("warm"), notes: "lamps"), folder)
    }
  }

  /// A profile with ratings of every kind, an undo, features, a version and a delta.
  static func fill(_ store: Store, _ profile: Profile) throws {
    let ratings = [
      rating(0, .like), rating(1, .dislike, weight: 2), rating(2, .stars(4)), preferred(3, over: 0), rating(4, .skip),
      rating(0, .stars(5)), rating(1, .like),
    ]
    try store.rate(profile, ratings, pictures: (0...4).map(picture), source: "rate")
    _ = try store.undo(profile, source: "undo")
    try store.add(
      features: Tensor((0..<15).map { Float($0 * $0 % 7) }, shape: [5, 3]), of: (0...4).map { picture($0).hash },
      by: model)
    let rated = try store.ratedFeatures(profile, by: model)
    try store.add(
      #require(Aesthetic(meanOfLiked: rated.judgements, features: rated.features)),
      from: .init(method: "mean", lastRating: rated.lastRating, ratingCount: rated.judgements.count), by: model,
      deltas: [(delta, encoder)], to: profile)
  }

  /// Runs SQL on the file, as another program would.
  static func execute(_ sql: String, on path: FilePath) throws {
    let queue = try DatabaseQueue(path: path.string)
    try queue.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA writable_schema = ON")
      try database.execute(sql: sql)
    }
    try queue.close()
  }

  static func bytes(_ path: FilePath) throws -> [UInt8] { try InputFile(path).readAll(limit: 1 << 28) }
}

extension Delta {
  /// All that it has, to be compared.
  var contents: [String] {
    tensorsByName.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.shape) \($0.value.elements)" }
      + ["\(base) \(settings) \(String(describing: similarity))"]
  }

  private var tensorsByName: [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (name, change) in changes {
      switch change {
      case .exact(let difference): result["\(name)"] = difference
      case .lowRank(let up, let down): (result["\(name) up"], result["\(name) down"]) = (up, down)
      case .rows(let numbers, let differences): result["\(name) \(numbers)"] = differences
      }
    }
    return result
  }
}
