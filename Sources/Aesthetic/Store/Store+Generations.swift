package import Files
import GRDB

extension Store {
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
