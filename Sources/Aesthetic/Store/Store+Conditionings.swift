package import Files
import Foundation
import GRDB
package import TensorKit

/// What a conditioning was computed from: the same again gives the same again.
package struct ConditioningKey: Sendable, Hashable {
  /// The text encoder.
  package let model: StoredModel
  package let prompt: String
  /// What else decided on it, by name: the hash of a delta or of an aesthetic, steps, and so on.
  package let settings: [String: String]

  /// A key; see the properties.
  package init(model: StoredModel, prompt: String, settings: [String: String]) {
    (self.model, self.prompt, self.settings) = (model, prompt, settings)
  }
}

extension Store {
  /// So many conditionings are kept: 47 MB of prompts of 75 tokens.
  static let conditioningLimit = 200

  /// The conditioning [tokens, width] that was kept under `key`; nil if there is none.
  package func conditioning(_ key: ConditioningKey) throws(FileError) -> Tensor? {
    try read { database in
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT shape, data FROM conditioning JOIN model ON model.id = model
          WHERE fingerprint = ? AND prompt = ? AND settings = ?
          """, arguments: [key.model.fingerprint, key.prompt, try json(key.settings)])
      guard let row else { return nil }
      let (text, data): (String, Data) = (try row.value("shape"), try row.value("data"))
      let shape = text.split(separator: ",").compactMap { Int($0) }
      // One that does not fit is no use; it is computed anew.
      guard shape.count == 2, shape[1] == key.model.width else { return nil }
      return Tensor(data, shape: shape)
    }
  }

  /// Keeps a conditioning [tokens, width] under `key`; the oldest go where there are too many.
  package func keep(_ conditioning: Tensor, _ key: ConditioningKey) throws(FileError) {
    precondition(conditioning.width == key.model.width, "a conditioning of \(conditioning.shape) by \(key.model)")
    try write { database in
      let model = try number(of: key.model, database)
      let settings = try json(key.settings)
      try database.execute(
        sql: "DELETE FROM conditioning WHERE model = ? AND prompt = ? AND settings = ?",
        arguments: [model, key.prompt, settings])
      try database.execute(
        sql: "INSERT INTO conditioning (model, prompt, settings, shape, data) VALUES (?, ?, ?, ?, ?)",
        arguments: [model, key.prompt, settings, conditioning.shape.commaSeparated, conditioning.data])
      try database.execute(
        sql: "DELETE FROM conditioning WHERE id <= (SELECT max(id) FROM conditioning) - ?",
        arguments: [Self.conditioningLimit])
    }
  }
}
