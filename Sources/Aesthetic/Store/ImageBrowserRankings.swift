package import Files
import GRDB
package import SystemPackage

/// What people have given to pictures in the image browser of AUTOMATIC1111's web interface: 1 to 5, by the pictures'
/// paths.
///
/// The browser keeps it in `wib.sqlite3`, its first versions in `ranking.json`.
package struct ImageBrowserRankings: Sendable {
  /// Paths as they are stored, absolute or from the web interface's folder on, in their order.
  package private(set) var stars: [(picture: FilePath, stars: Int)] = []

  /// The longest JSON file that is read, in bytes.
  private static let limit = 1 << 28

  /// Reads the file at `path`; nil if it is of neither kind.
  package init?(_ path: FilePath) throws(FileError) {
    let file = try InputFile(path)
    let sample = try file.read(at: 0, count: min(16, file.count))
    if sample.starts(with: "SQLite format 3\0".utf8) {
      try read(database: path)
    } else if path.extension == "json" {
      try read(json: file)
    } else {
      return nil
    }
  }

  private mutating func read(database path: FilePath) throws(FileError) {
    let queue = try Connection(path: path, patience: 2).openForeign()
    do {
      let rows = try queue.read { database in
        guard try database.tableExists("ranking") else {
          throw FileError(.malformed, path, "is a SQLite database without a table \"ranking\", as image browsers have")
        }
        return try Row.fetchAll(database, sql: "SELECT file, ranking FROM ranking ORDER BY file").map { row in
          (try row.optional("file") as String?, try row.optional("ranking") as String?)
        }
      }
      for (name, ranking) in rows { add(name, ranking) }
    } catch { throw FileError(database: error, path) }
  }

  private mutating func read(json file: InputFile) throws(FileError) {
    let bytes = try file.readAll(limit: Self.limit)
    let json: JSON
    do throws(JSONError) { json = try JSON(parsing: bytes) } catch {
      throw FileError(.malformed, file.path, "is no JSON: \(error)")
    }
    guard let members = json.object?.members else {
      throw FileError(.malformed, file.path, "is no JSON object of paths and rankings, as image browsers wrote it")
    }
    for member in members {
      add(member.name.string, member.value.string?.string ?? member.value.integer.map { "\($0)" })
    }
  }

  /// Pictures without a ranking say "None".
  private mutating func add(_ name: String?, _ ranking: String?) {
    guard let name, !name.isEmpty, let count = ranking.flatMap({ Int($0) }), (1...5).contains(count) else { return }
    stars.append((FilePath(name), count))
  }
}
