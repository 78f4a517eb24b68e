package import Files
import Foundation
import GRDB

extension Store {
  /// A picture as it is kept, by the number that it has in this database.
  package struct SmallPicture: Sendable {
    let picture: Int64
    /// A file of a picture of at most 96 × 96 pixels, if nothing has damaged it.
    package let thumbnail: [UInt8]
  }

  /// How many pictures have no appearance yet.
  package func countWithoutAppearance() throws(FileError) -> Int {
    try read { database in
      try Int.fetchOne(database, sql: "SELECT count(*) FROM picture \(Self.withoutAppearance)") ?? 0
    }
  }

  /// The first `limit` pictures that have no appearance yet.
  package func picturesWithoutAppearance(limit: Int) throws(FileError) -> [SmallPicture] {
    try read { database in
      try Row.fetchAll(
        database, sql: "SELECT id, thumbnail FROM picture \(Self.withoutAppearance) LIMIT ?", arguments: [limit]
      ).map { row in
        let thumbnail: Data = try row.value("thumbnail")
        return SmallPicture(picture: try row.value("id"), thumbnail: Array(thumbnail))
      }
    }
  }

  /// Keeps appearances; nil says that there is none, so that it is not looked for again.
  package func add(_ appearances: [(picture: SmallPicture, appearance: Appearance?)]) throws(FileError) {
    try write { database in
      // Another process may have done the same, or deleted the picture.
      let statement = try database.makeStatement(
        sql: "INSERT OR IGNORE INTO appearance (picture, vector) SELECT id, ? FROM picture WHERE id = ?")
      for (picture, appearance) in appearances {
        try statement.execute(arguments: [appearance?.data, picture.picture])
      }
    }
  }

  private static let withoutAppearance = """
    WHERE NOT EXISTS (SELECT 1 FROM appearance WHERE appearance.picture = picture.id)
    """
}
