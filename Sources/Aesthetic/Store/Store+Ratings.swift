package import Files
import Foundation
import GRDB
package import SystemPackage

extension Store {
  /// Adds `ratings`, in this order, and the pictures among them that are not known yet: all of it, or nothing.
  ///
  /// `seen` says where known pictures were met again. Pictures that neither are in `pictures` nor known are an error.
  package func rate(
    _ profile: Profile, _ ratings: [Rating], pictures: [PictureRecord], seen: [String: FilePath] = [:], source: String
  ) throws(FileError) {
    try write { database in
      try add(pictures, database)
      try noteSeen(seen, database)
      let find = try database.makeStatement(sql: "SELECT id FROM picture WHERE sha256 = ?")
      func number(_ hash: String) throws -> Int64 {
        guard let id = try Int64.fetchOne(find, arguments: [Data(hexadecimal: hash)]) else {
          throw FileError(.malformed, path, "has no picture with the hash \(ByteString(hash))")
        }
        return id
      }
      let insert = try database.makeStatement(
        sql: """
          INSERT INTO rating (profile, kind, picture, loser, stars, weight, source, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """)
      let now = Date.now.milliseconds
      for rating in ratings {
        var (loser, stars): (Int64?, Int?)
        if case .preferred(let hash) = rating.verdict { loser = try number(hash) }
        if case .stars(let count) = rating.verdict { stars = count }
        try insert.execute(arguments: [
          profile.id, rating.verdict.kind, try number(rating.picture), loser, stars, rating.weight, source, now,
        ])
      }
    }
  }

  /// Takes the last rating back that has not been taken back yet, by adding that as a fact. Returns it; nil if there is
  /// none left.
  package func undo(_ profile: Profile, source: String) throws(FileError) -> RatingEvent? {
    try write { database in
      let last = try Row.fetchOne(
        database,
        sql: Self.events + " WHERE r.profile = ? AND r.kind <> 'undo' AND u.id IS NULL ORDER BY r.id DESC LIMIT 1",
        arguments: [profile.id])
      guard let last else { return nil }
      let event = try RatingEvent(last, isInEffect: false)
      try database.execute(
        sql: "INSERT INTO rating (profile, kind, undone, weight, source, time) VALUES (?, 'undo', ?, 1, ?, ?)",
        arguments: [profile.id, event.number, source, Date.now.milliseconds])
      return event
    }
  }

  /// All facts of a profile, the latest `limit` of them, oldest first.
  package func history(_ profile: Profile, limit: Int = .max) throws(FileError) -> [RatingEvent] {
    try read { database in
      let standing = try Set(Int64.fetchCursor(database, sql: Self.standing, arguments: [profile.id, Int64.max]))
      return try Row.fetchAll(
        database, sql: Self.events + " WHERE r.profile = ? ORDER BY r.id DESC LIMIT ?", arguments: [profile.id, limit]
      ).reversed().map { row in try RatingEvent(row, isInEffect: standing.contains(row.value("id"))) }
    }
  }

  /// How many ratings of each kind a profile has: those that count, and all that were ever given.
  package func ratingCounts(_ profile: Profile) throws(FileError) -> [RatingCount] {
    try read { database in
      let (profile, all) = (profile.id, Int64.max)
      let given = try Row.fetchAll(
        database, sql: "SELECT kind, count(*) AS number FROM rating WHERE profile = ? GROUP BY kind",
        arguments: [profile])
      let counting = try Row.fetchAll(
        database, sql: "SELECT kind, count(*) AS number FROM (\(Self.standing)) GROUP BY kind",
        arguments: [profile, all])
      let numbers = Dictionary(
        try counting.map { row in (try row.value("kind") as String, try row.value("number") as Int) },
        uniquingKeysWith: { first, _ in first })
      return try given.map { row in
        let kind: String = try row.value("kind")
        return RatingCount(kind: kind, counting: numbers[kind] ?? 0, given: try row.value("number"))
      }
    }
  }

  /// The ratings of profile ?1 that count when ?2 is the last one: of each picture and each pair the latest that has not
  /// been taken back. SQLite takes the other columns from the row with the highest id.
  static let standing = """
    SELECT max(id) AS id, kind, picture, loser, stars, weight FROM rating AS r
    WHERE profile = ?1 AND id <= ?2 AND kind <> 'undo'
      AND NOT EXISTS (SELECT 1 FROM rating AS u WHERE u.undone = r.id AND u.id <= ?2)
    GROUP BY min(picture, ifnull(loser, picture)), max(picture, ifnull(loser, picture))
    """

  private static let events = """
    SELECT r.*, p.sha256 AS picture_hash, p.path AS picture_path, l.sha256 AS loser_hash, l.path AS loser_path FROM rating AS r
    LEFT JOIN picture AS p ON p.id = r.picture LEFT JOIN picture AS l ON l.id = r.loser
    LEFT JOIN rating AS u ON u.undone = r.id
    """
}

/// How many ratings of a kind there are.
package struct RatingCount: Sendable, Hashable {
  /// "like", "dislike", "stars", "pair", "skip", or "undo".
  package let kind: String
  /// Those that count: neither taken back nor replaced.
  package let counting: Int
  /// Those that were ever given.
  package let given: Int
}

extension Opinion.Verdict {
  /// The kind as the database has it.
  package var kind: String {
    switch self {
    case .like: "like"
    case .dislike: "dislike"
    case .stars: "stars"
    case .preferred: "pair"
    case .skip: "skip"
    }
  }

  /// The verdict in a row of the database, whose pair has this `loser`; nil for an undo.
  init?(_ row: Row, loser: Picture?) throws {
    switch try row.value("kind") as String {
    case "like": self = .like
    case "dislike": self = .dislike
    case "stars": self = .stars(try row.value("stars"))
    case "skip": self = .skip
    default:
      guard let loser else { return nil }
      self = .preferred(over: loser)
    }
  }
}

extension RatingEvent {
  fileprivate init(_ row: Row, isInEffect: Bool) throws {
    let picture: Data? = try row.optional("picture_hash")
    let loser: Data? = try row.optional("loser_hash")
    let paths: [Data] = [try row.optional("picture_path"), try row.optional("loser_path")].compactMap(\.self)
    let (weight, time): (Double, Int64) = (try row.value("weight"), try row.value("time"))
    let verdict = try Rating.Verdict(row, loser: loser?.hexadecimal)
    self.init(
      number: try row.value("id"),
      rating: verdict.map { Rating(picture: picture?.hexadecimal ?? "", verdict: $0, weight: weight) },
      paths: paths.map { FilePath(bytes: $0) }, undone: try row.optional("undone"), source: try row.value("source"),
      time: Date(milliseconds: time), isInEffect: isInEffect)
  }
}
