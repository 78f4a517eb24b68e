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

  /// The latest delta of a profile, or of one `version` of its aesthetic, for the text encoder with this `fingerprint`,
  /// which `model` names in errors, or for any.
  package func latestDelta(
    _ profile: Profile, fingerprint: String?, model: FilePath, version: Int? = nil
  ) throws(FileError) -> StoredDelta {
    let found = try deltas(profile).filter { version == nil || $0.version == version }
    guard let stored = found.last(where: { fingerprint == nil || $0.model.fingerprint == fingerprint }) else {
      guard let other = found.last, let fingerprint else {
        throw FileError(
          .missing, path,
          "has no delta of the profile \"\(profile.name)\"" + (version.map { ", version \($0)" } ?? " yet"),
          hint: "`aesgrad learn \(profile.name)` makes one")
      }
      throw FileError(
        .malformed, path,
        "has a delta of the profile \"\(profile.name)\" for the text encoder \(ByteString(other.model.name)) "
          + "(\(other.model.fingerprint)); that of \(model.printable) is another (\(fingerprint))",
        hint: "use it with the model it was made for, or `aesgrad learn \(profile.name)` with this one")
    }
    return stored
  }

  /// Reads a delta that is kept.
  package func delta(_ stored: StoredDelta) throws(FileError) -> Delta {
    let tensors = try read { database in
      let settings = try String.fetchOne(
        database, sql: "SELECT settings FROM delta WHERE id = ?", arguments: [stored.id])
      let rows = try Row.fetchAll(
        database, sql: "SELECT name, shape, data FROM delta_tensor WHERE delta = ?", arguments: [stored.id])
      return StoredTensors(
        path: path, metadata: try byteStrings(settings ?? ""),
        tensors: Dictionary(try rows.map(tensor), uniquingKeysWith: { first, _ in first }))
    }
    return try Delta(reading: tensors)
  }

  private func tensor(_ row: Row) throws -> (ByteString, Tensor) {
    let (name, shape, data): (String, String, Data) =
      (try row.value("name"), try row.value("shape"), try row.value("data"))
    let lengths = shape.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard !lengths.contains(nil), let tensor = Tensor(data, shape: lengths.compactMap(\.self)) else {
      throw DamagedValue(column: "shape")
    }
    return (ByteString(name), tensor)
  }

  private static let deltas = """
    SELECT delta.*, version, fingerprint, kind, name, width,
      (SELECT sum(length(data)) FROM delta_tensor WHERE delta_tensor.delta = delta.id) AS size
    FROM delta JOIN aesthetic ON aesthetic.id = aesthetic JOIN model ON model.id = delta.model
    """

  private func storedDelta(_ row: Row) throws -> StoredDelta {
    let model = try StoredModel(row)
    var delta = Delta(changes: [:], base: model.fingerprint)
    delta.readSettings(try byteStrings(row.value("settings")))
    return StoredDelta(
      id: try row.value("id"), version: try row.value("version"), model: model, settings: delta.settings,
      similarity: delta.similarity, size: try row.optional("size") ?? 0, made: Date(milliseconds: try row.value("made"))
    )
  }

  private func byteStrings(_ json: String) throws(DamagedValue) -> [ByteString: ByteString] {
    Dictionary(uniqueKeysWithValues: try strings(json).map { (ByteString($0), ByteString($1)) })
  }
}

/// The tensors of a delta in the database, read as if they stood in a file, with all the checks that files get.
private struct StoredTensors: WeightSource {
  let path: FilePath
  let metadata: [ByteString: ByteString]
  let tensors: [ByteString: Tensor]
  var names: [ByteString] { tensors.keys.sorted() }
  var format: String { "database" }

  func shape(of name: ByteString) -> [Int]? { tensors[name]?.shape }
  func elementType(of name: ByteString) -> ElementType? { tensors[name] == nil ? nil : .float32 }
  func tensor(_ name: ByteString) throws(FileError) -> Tensor {
    guard let tensor = tensors[name] else { throw FileError(damaged: path, "a delta lacks the tensor \"\(name)\"") }
    return tensor
  }
}

extension [Int] {
  /// The lengths with commas between.
  var commaSeparated: String { map(String.init).joined(separator: ",") }
}
