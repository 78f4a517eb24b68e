package import Files
import Foundation
import GRDB
package import SystemPackage

extension Store {
  /// Which of these hashes are those of pictures that are known.
  package func knownPictures(_ hashes: [String]) throws(FileError) -> Set<String> {
    try read { database in
      let statement = try database.makeStatement(sql: "SELECT 1 FROM picture WHERE sha256 = ?")
      return try Set(hashes.filter { try Int.fetchOne(statement, arguments: [Data(hexadecimal: $0)]) != nil })
    }
  }

  /// Adds pictures. Of those that are known only where they were seen is taken over.
  package func add(_ pictures: [PictureRecord]) throws(FileError) {
    try write { database in try add(pictures, database) }
  }

  func add(_ pictures: [PictureRecord], _ database: Database) throws {
    let statement = try database.makeStatement(
      sql: """
        INSERT INTO picture (sha256, width, height, seen, path, settings, thumbnail) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (sha256) DO UPDATE SET seen = excluded.seen, path = excluded.path
        """)
    let now = Date.now.milliseconds
    for picture in pictures {
      try statement.execute(arguments: [
        Data(hexadecimal: picture.hash), picture.width, picture.height, now, Data(picture.path.bytes), picture.settings,
        Data(picture.thumbnail),
      ])
    }
  }

  /// Takes over where known pictures were seen.
  package func noteSeen(_ places: [String: FilePath]) throws(FileError) {
    guard !places.isEmpty else { return }
    try write { database in try noteSeen(places, database) }
  }

  func noteSeen(_ places: [String: FilePath], _ database: Database) throws {
    let statement = try database.makeStatement(sql: "UPDATE picture SET seen = ?, path = ? WHERE sha256 = ?")
    let now = Date.now.milliseconds
    for (hash, path) in places {
      try statement.execute(arguments: [now, Data(path.absolute.bytes), Data(hexadecimal: hash)])
    }
  }

  /// What is known of the pictures with these hashes, in their order; those that are not known are left out.
  package func pictures(_ hashes: [String]) throws(FileError) -> [PictureRecord] {
    try read { database in
      let statement = try database.makeStatement(sql: "SELECT * FROM picture WHERE sha256 = ?")
      return try hashes.compactMap { hash in
        try Row.fetchOne(statement, arguments: [Data(hexadecimal: hash)]).map { row in try PictureRecord(row) }
      }
    }
  }
}

extension PictureRecord {
  init(_ row: Row) throws {
    let (hash, path, thumbnail): (Data, Data, Data) =
      (try row.value("sha256"), try row.value("path"), try row.value("thumbnail"))
    self.init(
      hash: hash.hexadecimal, width: try row.value("width"), height: try row.value("height"),
      path: FilePath(bytes: path), settings: try row.optional("settings"), thumbnail: Array(thumbnail))
  }
}

extension Data {
  /// The bytes that hexadecimal digits stand for; empty if they are none.
  init(hexadecimal digits: String) {
    self.init(capacity: digits.utf8.count / 2)
    var high: UInt8?
    for character in digits.utf8 {
      guard let value = Self.value(ofDigit: character) else {
        self = Data()
        return
      }
      if let first = high {
        append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    if high != nil { self = Data() }
  }

  private static func value(ofDigit character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// Two hexadecimal digits a byte.
  var hexadecimal: String {
    let digits = Array("0123456789abcdef".utf8)
    var characters: [UInt8] = []
    characters.reserveCapacity(2 * count)
    for byte in self {
      characters.append(digits[Int(byte >> 4)])
      characters.append(digits[Int(byte & 15)])
    }
    return String(decoding: characters, as: UTF8.self)
  }
}
