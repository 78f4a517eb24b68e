import Files
import GRDB

/// A model that something in the store was made with.
package struct StoredModel: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable {
    case imageEncoder = "image encoder"
    case textEncoder = "text encoder"
  }
  /// What tells its weights from all others, 64 hexadecimal digits.
  package let fingerprint: String
  package let kind: Kind
  /// What it was called when it was last used.
  package let name: String
  /// The width of its features, or of its conditioning.
  package let width: Int

  /// A model.
  package init(fingerprint: String, kind: Kind, name: String, width: Int) {
    self.fingerprint = fingerprint
    self.kind = kind
    self.name = name
    self.width = width
  }

  init(_ row: Row) throws {
    guard let kind = Kind(rawValue: try row.value("kind")) else { throw DamagedValue(column: "kind") }
    self.init(
      fingerprint: try row.value("fingerprint"), kind: kind, name: try row.value("name"), width: try row.value("width"))
  }
}

extension Store {
  /// The model's number, under which it is kept from now on if it was not.
  func number(of model: StoredModel, _ database: Database) throws -> Int64 {
    try database.execute(
      sql: """
        INSERT INTO model (fingerprint, kind, name, width) VALUES (?, ?, ?, ?)
        ON CONFLICT (fingerprint) DO UPDATE SET name = excluded.name
        """, arguments: [model.fingerprint, model.kind.rawValue, model.name, model.width])
    let row = try Row.fetchOne(
      database, sql: "SELECT * FROM model WHERE fingerprint = ?", arguments: [model.fingerprint])
    guard let row, try StoredModel(row) == model else {
      throw FileError(.malformed, path, "has another kind of model with the fingerprint \(model.fingerprint)")
    }
    return try row.value("id")
  }
}
