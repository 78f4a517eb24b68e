package import Files
import Foundation
import GRDB

/// What pictures were asked for at one time.
package struct GenerationRecord: Sendable, Hashable {
  /// What they were to show.
  package var prompt: String
  /// Everything else that decided on them, by name.
  package var settings: [String: String]

  /// A generation; see the properties.
  package init(prompt: String, settings: [String: String]) {
    (self.prompt, self.settings) = (prompt, settings)
  }
}

extension Store {
  /// Keeps what pictures are being made; `profile` is whose taste they are to meet. Returns its number.
  package func add(_ generation: GenerationRecord, of profile: Profile?) throws(FileError) -> Int64 {
    try write { database in
      try database.execute(
        sql: "INSERT INTO generation (profile, prompt, settings, time) VALUES (?, ?, ?, ?)",
        arguments: [profile?.id, generation.prompt, try json(generation.settings), Date.now.milliseconds])
      return database.lastInsertedRowID
    }
  }

  /// Keeps that `picture` came out of the generation of this number, behind those that did before.
  package func add(_ picture: PictureRecord, toGeneration number: Int64) throws(FileError) {
    try write { database in
      try add([picture], database)
      try database.execute(
        sql: """
          INSERT INTO generated_picture (generation, place, picture)
          SELECT ?1, (SELECT count(*) FROM generated_picture WHERE generation = ?1), id FROM picture WHERE sha256 = ?2
          """, arguments: [number, Data(hexadecimal: picture.hash)])
    }
  }

  /// What was asked for when the picture with this hash was made; nil if it was not made here.
  package func generation(of hash: String) throws(FileError) -> GenerationRecord? {
    try read { database in
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT prompt, generation.settings FROM generation
          JOIN generated_picture ON generation = generation.id JOIN picture ON picture.id = picture
          WHERE sha256 = ? ORDER BY generation.id DESC
          """, arguments: [Data(hexadecimal: hash)])
      return try row.map {
        GenerationRecord(prompt: try $0.value("prompt"), settings: try strings($0.value("settings")))
      }
    }
  }

  /// The prompts that a profile's owner has had pictures made of: each once, the latest `limit` of them, oldest first.
  package func prompts(_ profile: Profile, limit: Int) throws(FileError) -> [String] {
    try read { database in
      try String.fetchAll(
        database,
        sql: """
          SELECT prompt FROM generation WHERE profile = ? AND prompt <> '' GROUP BY prompt ORDER BY max(id) DESC LIMIT ?
          """, arguments: [profile.id, limit]
      ).reversed()
    }
  }
}
