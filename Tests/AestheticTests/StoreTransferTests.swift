import Aesthetic
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite("Copying and moving profiles")
struct StoreTransferTests {
  /// All that a profile has, to be compared; numbers, which are given anew, as places in the history.
  private func all(_ store: Store, _ name: String) throws -> [String] {
    let profile = try store.profile(StoreFixture.name(name))
    let history = try store.history(profile)
    let places = Dictionary(uniqueKeysWithValues: history.enumerated().map { ($1.number, $0) })
    let rated = try store.ratedFeatures(profile, by: StoreFixture.model)
    return
      [profile.notes, "\(profile.made)"]
      + history.map { event in
        "\(String(describing: event.rating)) \(event.undone.flatMap { places[$0] } ?? -1) \(event.paths) \(event.source) "
          + "\(event.time) \(event.isInEffect)"
      }
      + ["\(rated.judgements) \(rated.features.elements) \(rated.pictures)"]
      + (try store.pictures(rated.pictures).map { "\($0)" })
      + (try store.versions(profile).map {
        "\($0.version) \($0.model) \($0.origin.method) \($0.origin.ratingCount) \(places[$0.origin.lastRating] ?? -1) "
          + "\($0.aesthetic.mean.elements) \($0.made)"
      })
      + (try store.deltas(profile).flatMap { ["\($0.version) \($0.model) \($0.made)"] + (try store.delta($0).contents) })
  }

  @Test("What was put in comes out: versions, and deltas of every form")
  func stored() throws {
    try StoreFixture.withStore { store, profile, _ in
      try StoreFixture.fill(store, profile)
      let latest = try store.latestDelta(profile, fingerprint: StoreFixture.encoder.fingerprint, model: "m")
      #expect(try latest.version == 1 && store.delta(latest).contents == StoreFixture.delta.contents)
      let stored = try #require(try store.deltas(profile).first)
      #expect(stored.size == 4 * (8 + 2 + 16 + 8 + 4) && stored.settings == StoreFixture.delta.settings)
      let version = try store.latestVersion(profile)
      #expect(version.origin.method == "mean" && version.origin.ratingCount == 5 && version.version == 1)
      // Pictures 0 (five stars) and 2 (four): features 0, 1, 4 and 36, 49, 64 modulo 7.
      #expect(version.aesthetic.mean.elements == [0.5, 0.5, 2.5])
    }
  }

  @Test("What belongs to another model is refused, with both fingerprints")
  func otherModel() throws {
    try StoreFixture.withStore { store, profile, _ in
      #expect(throws: FileError.self) { try store.latestVersion(profile) }
      try StoreFixture.fill(store, profile)
      let other = String(repeating: "e", count: 64)
      let delta = #expect(throws: FileError.self) {
        try store.latestDelta(profile, fingerprint: other, model: "m.ckpt")
      }
      #expect(delta?.problem.contains(other) == true)
      #expect(delta?.problem.contains(StoreFixture.encoder.fingerprint) == true)
      let model = StoredModel(fingerprint: other, kind: .imageEncoder, name: "other", width: 3)
      let version = #expect(throws: FileError.self) { try store.latestVersion(profile, by: model) }
      #expect(version?.problem.contains(StoreFixture.model.fingerprint) == true)
    }
  }

  @Test("A copy has everything, and goes its own way")
  func copy() throws {
    try StoreFixture.withStore { store, profile, _ in
      try StoreFixture.fill(store, profile)
      try store.copy(profile, as: StoreFixture.name("copy"))
      let (original, copy) = (try all(store, "warm"), try all(store, "copy"))
      #expect(copy.dropFirst(2) == original.dropFirst(2) && original.count > 20)
      _ = try store.undo(store.profile(StoreFixture.name("copy")), source: "undo")
      try store.delete(store.profile(StoreFixture.name("copy")))
      #expect(try all(store, "warm") == original)
    }
  }

  @Test("Another machine reads an exported profile back with nothing missing")
  func export() throws {
    try StoreFixture.withStore { store, profile, folder in
      // Numbers differ there: another profile was first.
      try store.createProfile(StoreFixture.name("other"))
      try StoreFixture.fill(store, profile)
      let file = folder.appending("warm.aesgrad")
      try store.export(profile, to: file)
      #expect(try contents(of: folder).filter { $0.hasPrefix("warm") } == ["warm.aesgrad"])
      let there = try Store(folder.appending("there.sqlite"), creating: true)
      let before = try StoreFixture.bytes(file)
      let another = try there.createProfile(StoreFixture.name("another"))
      try there.rate(
        another, [StoreFixture.rating(3, .like)], pictures: [StoreFixture.picture(3)], source: "rate")
      try there.importProfile(from: file)
      #expect(try all(there, "warm") == all(store, "warm"))
      #expect(throws: FileError.self) { try there.importProfile(from: file) }
      try there.importProfile(from: file, as: StoreFixture.name("again"))
      #expect(try all(there, "again") == all(store, "warm"))
      #expect(try StoreFixture.bytes(file) == before)
    }
  }

  @Test(
    "A file that is no exported profile is refused, and nothing taken over",
    arguments: [
      "CREATE TRIGGER t AFTER INSERT ON picture BEGIN DELETE FROM profile; END", "CREATE TABLE more (x)",
      "CREATE VIEW v AS SELECT 1", "INSERT INTO profile (name, notes, made) VALUES ('b', '', 0)", "DELETE FROM profile",
      "UPDATE profile SET name = 'a:b'", "UPDATE aesthetic SET vector = x'00'", "UPDATE aesthetic SET settings = 'x'",
      "UPDATE aesthetic SET last_rating = 77", "UPDATE delta_tensor SET shape = '8,-2'",
      "UPDATE delta_tensor SET shape = '4611686018427387904,4'", "UPDATE delta_tensor SET data = x''",
      "PRAGMA foreign_keys = OFF; DELETE FROM picture WHERE id = 1", "UPDATE feature SET vector = x'000000FF0000C07F'",
      "UPDATE sqlite_master SET sql = replace(sql, 'STRICT', '') WHERE name = 'profile'",
    ])
  func hostile(sql: String) throws {
    try StoreFixture.withStore { store, profile, folder in
      try StoreFixture.fill(store, profile)
      let file = folder.appending("warm.aesgrad")
      try store.export(profile, to: file)
      try StoreFixture.execute(sql, on: file)
      let there = try Store(folder.appending("there.sqlite"), creating: true)
      let error = #expect(throws: FileError.self) { try there.importProfile(from: file) }
      #expect(error?.path == file && error?.kind == .malformed, "\(error.map(String.init(describing:)) ?? "")")
      #expect(try there.profiles().isEmpty && there.pictures([StoreFixture.picture(0).hash]).isEmpty)
    }
  }
}

/// Spoilt exports never crash the import, and leave the store as it was or with a whole profile.
@Suite struct StoreFuzz {
  @Test("spoilt exported profiles") func imports() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try StoreFixture.withStore { store, profile, folder in
        try StoreFixture.fill(store, profile)
        let file = folder.appending("warm.aesgrad")
        try store.export(profile, to: file)
        try fuzz([StoreFixture.bytes(file)]) { path in
          let before = try store.profiles().count
          do { try store.importProfile(from: path, as: StoreFixture.name("spoilt")) } catch {
            guard try store.profiles().count == before else { throw Half() }
            throw error
          }
          let spoilt = try store.profile(StoreFixture.name("spoilt"))
          _ = try (store.history(spoilt), store.versions(spoilt))
          try store.delete(spoilt)
        }
      }
    }
    expectPassed(result)
  }
}

/// Half a profile was taken over.
private struct Half: Error {}
