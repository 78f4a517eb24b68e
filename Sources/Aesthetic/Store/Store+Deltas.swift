package import Files
import Foundation
import GRDB
package import SystemPackage
import TensorKit

extension Store {
  func add(_ delta: Delta, of model: StoredModel, to aesthetic: Int64, _ database: Database) throws {
    precondition(delta.base == model.fingerprint, "a delta of another text encoder than \(model)")
    let settings = Dictionary(uniqueKeysWithValues: delta.metadata.map { ($0.description, $1.description) })
    try database.execute(
      sql: "INSERT INTO delta (aesthetic, model, settings, made) VALUES (?, ?, ?, ?)",
      arguments: [aesthetic, try number(of: model, database), try json(settings), Date.now.milliseconds])
    let number = database.lastInsertedRowID
    let statement = try database.makeStatement(
      sql: "INSERT INTO delta_tensor (delta, name, shape, data) VALUES (?, ?, ?, ?)")
    for (name, tensor) in delta.tensors.sorted(by: { $0.name < $1.name }) {
      try statement.execute(arguments: [number, name.string, tensor.shape.commaSeparated, tensor.data])
    }
  }

  /// The deltas that are kept for a profile, oldest first.
  package func deltas(_ profile: Profile) throws(FileError) -> [StoredDelta] {
    try read { database in
      try Row.fetchAll(database, sql: Self.deltas + " WHERE profile = ? ORDER BY delta.id", arguments: [profile.id])
        .map(storedDelta)
    }
  }

  /// The latest delta of a profile for the text encoder with this `fingerprint`, which `model` names in errors.
  package func latestDelta(
    _ profile: Profile, fingerprint: String, model: FilePath
  ) throws(FileError) -> (delta: Delta, version: Int) {
    let found = try deltas(profile)
    guard let stored = found.last(where: { $0.model.fingerprint == fingerprint }) else {
      guard let other = found.last else {
        throw FileError(
          .missing, path, "has no delta of the profile \"\(profile.name)\" yet",
          hint: "`aesgrad learn \(profile.name)` makes one")
      }
      throw FileError(
        .malformed, path,
        "has a delta of the profile \"\(profile.name)\" for the text encoder \(other.model.name) "
          + "(\(other.model.fingerprint)); that of \(model.printable) is another (\(fingerprint))",
        hint: "use it with the model it was made for, or `aesgrad learn \(profile.name)` with this one")
    }
    return (try delta(stored), stored.version)
  }

  /// Reads a delta that is kept.
  package func delta(_ stored: StoredDelta) throws(FileError) -> Delta {
    let (rows, settings) = try read { database in
      (
        try Row.fetchAll(
          database, sql: "SELECT name, shape, data FROM delta_tensor WHERE delta = ?", arguments: [stored.id]),
        try String.fetchOne(database, sql: "SELECT settings FROM delta WHERE id = ?", arguments: [stored.id])
      )
    }
    return try Delta(reading: StoredTensors(rows, settings: (try? strings(settings ?? "")) ?? [:], path: path))
  }

  private static let deltas = """
    SELECT delta.*, version, fingerprint, kind, name, width,
      (SELECT sum(length(data)) FROM delta_tensor WHERE delta = delta.id) AS size
    FROM delta JOIN aesthetic ON aesthetic.id = aesthetic JOIN model ON model.id = delta.model
    """

  private func storedDelta(_ row: Row) -> StoredDelta {
    var delta = Delta(changes: [:], base: row["fingerprint"])
    let settings = (try? strings(row["settings"])) ?? [:]
    delta.readSettings(Dictionary(uniqueKeysWithValues: settings.map { (ByteString($0), ByteString($1)) }))
    return StoredDelta(
      id: row["id"], version: row["version"], model: StoredModel(row), settings: delta.settings,
      similarity: delta.similarity, size: row["size"] ?? 0, made: Date(milliseconds: row["made"]))
  }
}

/// The tensors of a delta in the database, read as if they stood in a file, with all the checks that files get.
private struct StoredTensors: WeightSource {
  let path: FilePath
  let metadata: [ByteString: ByteString]
  let names: [ByteString]
  private let tensors: [ByteString: Tensor]
  var format: String { "database" }

  init(_ rows: [Row], settings: [String: String], path: FilePath) throws(FileError) {
    self.path = path
    metadata = Dictionary(uniqueKeysWithValues: settings.map { (ByteString($0), ByteString($1)) })
    var tensors: [ByteString: Tensor] = [:]
    for row in rows {
      let name = ByteString(row["name"] as String)
      let lengths = (row["shape"] as String).split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
      guard !lengths.contains(nil), let tensor = Tensor(row["data"] as Data, shape: lengths.compactMap(\.self)) else {
        throw FileError(damaged: path, "the tensor \"\(name)\" of a delta does not fit its shape")
      }
      tensors[name] = tensor
    }
    self.tensors = tensors
    names = tensors.keys.sorted()
  }

  func shape(of name: ByteString) -> [Int]? { tensors[name]?.shape }
  func elementType(of name: ByteString) -> ElementType? { tensors[name] == nil ? nil : .float32 }
  func tensor(_ name: ByteString) throws(FileError) -> Tensor {
    guard let tensor = tensors[name] else { throw FileError(damaged: path, "a delta lacks the tensor \"\(name)\"") }
    return tensor
  }
}

extension [Int] {
  /// The lengths with commas between.
  fileprivate var commaSeparated: String { map(String.init).joined(separator: ",") }
}
