package import GRDB

/// One step in the history of the database's layout. Steps are named, are never changed once released, and only lead
/// forward.
package struct Migration: Sendable {
  /// What the database remembers it by.
  let name: String
  /// Whether it rewrites what is there; then a copy of the database is kept before it.
  let rewrites: Bool
  /// Takes the step.
  let apply: @Sendable (Database) throws -> Void

  /// A step; see the properties.
  package init(name: String, rewrites: Bool, apply: @escaping @Sendable (Database) throws -> Void) {
    (self.name, self.rewrites, self.apply) = (name, rewrites, apply)
  }
}

/// The layout of the database.
///
/// Two kinds of table: facts (`picture`, `profile`, `rating`, `generation`), which cannot be had again, and what is derived
/// from them (`feature`, `appearance`, `aesthetic`, `delta`, `conditioning`), which says what it was derived from and can be made anew.
package enum Schema {
  /// What SQLite's header says whose file it is: "aesg".
  static let applicationID: Int32 = 0x6165_7367

  /// A feature of 768 numbers takes 3 kB: pages of this size hold five, where those of 4 kB would hold one.
  static let pageSize = 16_384

  /// All steps, oldest first.
  package static let migrations = [
    Migration(name: "1 profiles", rewrites: false) { database in try database.execute(sql: profiles) },
    Migration(name: "2 appearance", rewrites: false) { database in try database.execute(sql: appearance) },
  ]

  /// Takes those of these steps that have not been taken yet, and remembers them.
  static func take(_ migrations: some Sequence<Migration>, in database: Database) throws {
    try database.execute(
      sql: """
        PRAGMA application_id = \(applicationID);
        CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY) STRICT;
        """)
    let applied = try Connection.appliedMigrations(database)
    for migration in migrations where !applied.contains(migration.name) {
      try migration.apply(database)
      try database.execute(sql: "INSERT INTO migration (name) VALUES (?)", arguments: [migration.name])
    }
  }

  /// Numbers in `vector` and `data` are little-endian Float32; a `shape` is its lengths with commas between; `settings` are
  /// JSON; times are milliseconds since 1970 in UTC; a fingerprint is 64 hexadecimal digits.
  private static let profiles = """
    CREATE TABLE model (
      id INTEGER PRIMARY KEY,
      fingerprint TEXT NOT NULL UNIQUE 
        CHECK (length(fingerprint) = 64 AND fingerprint NOT GLOB '*[^0-9a-f]*'),
      kind TEXT NOT NULL CHECK (kind IN ('image encoder', 'text encoder')),
      name TEXT NOT NULL,
      width INTEGER NOT NULL CHECK (width BETWEEN 1 AND 65536)
    ) STRICT;

    CREATE TABLE picture (
      id INTEGER PRIMARY KEY,
      sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
      width INTEGER NOT NULL CHECK (width > 0),
      height INTEGER NOT NULL CHECK (height > 0),
      seen INTEGER NOT NULL,
      path BLOB NOT NULL CHECK (length(path) BETWEEN 1 AND 65536),
      settings TEXT CHECK (length(settings) <= 1048576),
      thumbnail BLOB NOT NULL CHECK (length(thumbnail) <= 65536)
    ) STRICT;

    CREATE TABLE feature (
      picture INTEGER NOT NULL REFERENCES picture ON DELETE CASCADE,
      model INTEGER NOT NULL REFERENCES model,
      vector BLOB NOT NULL,
      UNIQUE (picture, model)
    ) STRICT;

    CREATE TABLE profile (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
      notes TEXT NOT NULL,
      made INTEGER NOT NULL
    ) STRICT;

    -- Of a pair, `picture` is the one that was preferred. An undo names the rating that it takes back.
    CREATE TABLE rating (
      id INTEGER PRIMARY KEY,
      profile INTEGER NOT NULL REFERENCES profile ON DELETE CASCADE,
      kind TEXT NOT NULL CHECK (kind IN ('like', 'dislike', 'stars', 'pair', 'skip', 'undo')),
      picture INTEGER REFERENCES picture,
      loser INTEGER REFERENCES picture,
      stars INTEGER CHECK (stars BETWEEN 1 AND 5),
      undone INTEGER REFERENCES rating,
      weight REAL NOT NULL CHECK (weight > 0 AND weight <= 1e6),
      source TEXT NOT NULL,
      time INTEGER NOT NULL,
      CHECK ((picture IS NULL) = (kind = 'undo')),
      CHECK ((undone IS NULL) = (kind <> 'undo')),
      CHECK ((stars IS NULL) = (kind <> 'stars')),
      CHECK ((loser IS NULL) = (kind <> 'pair')),
      CHECK (loser IS NULL OR loser <> picture)
    ) STRICT;
    CREATE INDEX rating_profile ON rating (profile);
    CREATE INDEX rating_picture ON rating (picture);
    CREATE INDEX rating_loser ON rating (loser) WHERE loser IS NOT NULL;
    CREATE UNIQUE INDEX rating_undone ON rating (undone) WHERE undone IS NOT NULL;
    CREATE TRIGGER rating_unchanged BEFORE UPDATE ON rating
      BEGIN SELECT raise(ABORT, 'a rating is never changed'); END;
    CREATE TRIGGER rating_kept BEFORE DELETE ON rating
      WHEN EXISTS (SELECT 1 FROM profile WHERE id = OLD.profile)
      BEGIN SELECT raise(ABORT, 'a rating is never deleted'); END;

    -- From the ratings in effect when `last_rating` was the last one; the mean is of any length.
    CREATE TABLE aesthetic (
      id INTEGER PRIMARY KEY,
      profile INTEGER NOT NULL REFERENCES profile ON DELETE CASCADE,
      version INTEGER NOT NULL CHECK (version > 0),
      model INTEGER NOT NULL REFERENCES model,
      method TEXT NOT NULL,
      settings TEXT NOT NULL,
      last_rating INTEGER NOT NULL,
      rating_count INTEGER NOT NULL,
      vector BLOB NOT NULL,
      made INTEGER NOT NULL,
      UNIQUE (profile, version)
    ) STRICT;

    CREATE TABLE delta (
      id INTEGER PRIMARY KEY,
      aesthetic INTEGER NOT NULL REFERENCES aesthetic ON DELETE CASCADE,
      model INTEGER NOT NULL REFERENCES model,
      settings TEXT NOT NULL,
      made INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX delta_aesthetic ON delta (aesthetic);

    CREATE TABLE delta_tensor (
      delta INTEGER NOT NULL REFERENCES delta ON DELETE CASCADE,
      name TEXT NOT NULL,
      shape TEXT NOT NULL,
      data BLOB NOT NULL,
      UNIQUE (delta, name)
    ) STRICT;

    CREATE TABLE conditioning (
      id INTEGER PRIMARY KEY,
      model INTEGER NOT NULL REFERENCES model,
      delta INTEGER REFERENCES delta ON DELETE CASCADE,
      prompt TEXT NOT NULL,
      settings TEXT NOT NULL,
      shape TEXT NOT NULL,
      data BLOB NOT NULL
    ) STRICT;
    CREATE INDEX conditioning_delta ON conditioning (delta);

    CREATE TABLE generation (
      id INTEGER PRIMARY KEY,
      profile INTEGER REFERENCES profile ON DELETE SET NULL,
      prompt TEXT NOT NULL,
      settings TEXT NOT NULL,
      time INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX generation_profile ON generation (profile);

    CREATE TABLE generated_picture (
      generation INTEGER NOT NULL REFERENCES generation ON DELETE CASCADE,
      place INTEGER NOT NULL,
      picture INTEGER NOT NULL REFERENCES picture,
      UNIQUE (generation, place)
    ) STRICT;
    CREATE INDEX generated_picture_picture ON generated_picture (picture);
    """

  /// Of the small picture in `picture`; NULL where that cannot be read.
  private static let appearance = """
    CREATE TABLE appearance (
      picture INTEGER PRIMARY KEY REFERENCES picture ON DELETE CASCADE,
      vector BLOB CHECK (length(vector) = 36)
    ) STRICT;
    """
}
