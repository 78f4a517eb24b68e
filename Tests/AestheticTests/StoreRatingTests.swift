import Aesthetic
import Files
import Foundation
import GRDB
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite("Ratings in the store")
struct StoreRatingTests {
  private func judgements(_ store: Store, _ profile: Profile, through: Int64? = nil) throws -> [String] {
    let rated = try store.ratedFeatures(profile, by: StoreFixture.model, through: through)
    let numbers = Dictionary(uniqueKeysWithValues: (0...9).map { (StoreFixture.picture($0).hash, $0) })
    let pictures = try rated.pictures.map { try #require(numbers[$0]) }
    return rated.judgements.map { judgement in
      let picture = pictures[judgement.picture]
      let weight = judgement.weight == 1 ? "" : " x\(judgement.weight)"
      switch judgement.verdict {
      case .preferred(let loser): return "\(picture)>\(pictures[loser])" + weight
      case let verdict: return "\(picture) \(verdict)" + weight
      }
    }
  }

  /// A store whose pictures 0 to 4 have features.
  private func withPictures(_ body: (Store, Profile) throws -> Void) throws {
    try StoreFixture.withStore { store, profile, _ in
      try store.add((0...4).map(StoreFixture.picture))
      try store.add(
        features: Tensor((0..<15).map(Float.init), shape: [5, 3]), of: (0...4).map { StoreFixture.picture($0).hash },
        by: StoreFixture.model)
      try body(store, profile)
    }
  }

  private func rate(_ store: Store, _ profile: Profile, _ ratings: Rating...) throws {
    for rating in ratings { try store.rate(profile, [rating], pictures: [], source: "rate") }
  }

  @Test("The last rating of a picture counts, and the last of a pair whichever way round; the history keeps all")
  func replacing() throws {
    try withPictures { store, profile in
      try rate(
        store, profile, StoreFixture.rating(0, .like), StoreFixture.preferred(1, over: 2),
        StoreFixture.rating(0, .stars(2), weight: 0.5), StoreFixture.preferred(2, over: 1),
        StoreFixture.preferred(2, over: 3), StoreFixture.rating(1, .dislike), StoreFixture.rating(4, .skip))
      #expect(try judgements(store, profile) == ["0 stars(2) x0.5", "2>1", "2>3", "1 dislike", "4 skip"])
      let history = try store.history(profile)
      #expect(history.map(\.isInEffect) == [false, false, true, true, true, true, true])
      #expect(history.first?.rating == StoreFixture.rating(0, .like) && history.first?.source == "rate")
      #expect(history[1].paths == ["/pictures/1.png", "/pictures/2.png"])
      #expect(try store.history(profile, limit: 2).map(\.number) == history.suffix(2).map(\.number))
    }
  }

  @Test("An undo is a fact of its own; what was said before counts again, and further undos go further back")
  func undoing() throws {
    try withPictures { store, profile in
      try rate(
        store, profile, StoreFixture.rating(0, .like), StoreFixture.rating(1, .like), StoreFixture.rating(0, .dislike))
      let before = try #require(try store.history(profile).last?.number)
      let undone = try #require(try store.undo(profile, source: "undo"))
      #expect(undone.rating == StoreFixture.rating(0, .dislike) && undone.number == before)
      #expect(try judgements(store, profile) == ["0 like", "1 like"])
      #expect(try store.undo(profile, source: "undo")?.rating == StoreFixture.rating(1, .like))
      #expect(try judgements(store, profile) == ["0 like"])
      try rate(store, profile, StoreFixture.rating(1, .stars(3)))
      #expect(try store.undo(profile, source: "undo")?.rating == StoreFixture.rating(1, .stars(3)))
      #expect(try store.undo(profile, source: "undo")?.rating == StoreFixture.rating(0, .like))
      #expect(try store.undo(profile, source: "undo") == nil)
      #expect(
        try store.history(profile).map { $0.undone == nil } == [true, true, true, false, false, true, false, false])
      // What counted at any time can be found out later.
      #expect(try judgements(store, profile, through: before) == ["1 like", "0 dislike"])
      #expect(
        try store.ratingCounts(profile).map { "\($0.kind) \($0.counting)/\($0.given)" }
          == ["dislike 0/1", "like 0/2", "stars 0/1", "undo 0/4"])
    }
  }

  @Test("Features come row by row as they were put in; pictures without any are named")
  func features() throws {
    try withPictures { store, profile in
      try store.rate(
        profile, [StoreFixture.rating(3, .like), StoreFixture.preferred(7, over: 3), StoreFixture.rating(1, .like)],
        pictures: [StoreFixture.picture(7)], source: "rate")
      let rated = try store.ratedFeatures(profile, by: StoreFixture.model)
      #expect(rated.features.elements == [9, 10, 11, 3, 4, 5] && rated.features.shape == [2, 3])
      #expect(rated.missing == [StoreFixture.picture(7).hash] && rated.judgements.count == 2)
      let other = StoredModel(
        fingerprint: String(repeating: "9", count: 64), kind: .imageEncoder, name: "other", width: 5)
      #expect(try store.ratedFeatures(profile, by: other).judgements.isEmpty)
      let found = try store.sights(of: ["00", StoreFixture.picture(2).hash], by: StoreFixture.model)
      #expect(found.places == [1] && found.sights.features.elements == [6, 7, 8])
    }
  }

  @Test("Ratings can neither be changed nor deleted, by whatever program, while their profile is there")
  func facts() throws {
    try withPictures { store, profile in
      try rate(store, profile, StoreFixture.rating(0, .like))
      for sql in ["UPDATE rating SET kind = 'dislike'", "UPDATE rating SET time = 0", "DELETE FROM rating"] {
        let error = #expect(throws: DatabaseError.self) { try StoreFixture.execute(sql, on: store.path) }
        #expect(error?.message?.hasPrefix("a rating is never") == true)
      }
      #expect(try judgements(store, profile) == ["0 like"])
      try store.delete(profile)
      #expect(try store.profiles().isEmpty && store.pictures([StoreFixture.picture(0).hash]).isEmpty)
    }
  }

  @Test("What no rating can be is refused whole")
  func refused() throws {
    try withPictures { store, profile in
      for bad in [
        StoreFixture.rating(0, .stars(0)), StoreFixture.rating(0, .stars(6)), StoreFixture.preferred(1, over: 1),
        StoreFixture.rating(0, .like, weight: 0), StoreFixture.rating(0, .like, weight: .nan),
        StoreFixture.rating(0, .like, weight: .infinity), StoreFixture.rating(9, .like),
      ] {
        #expect(throws: FileError.self) {
          try store.rate(profile, [StoreFixture.rating(2, .like), bad], pictures: [], source: "rate")
        }
      }
      let history = try store.history(profile)
      #expect(history.isEmpty)
    }
  }

  @Test("The mean of what was liked is that of its features, weighted; dislikes, pairs and skips do not matter")
  func meanOfLiked() throws {
    let features = Tensor([1, 0, 0, 5, 0, 4, 9, 9], shape: [4, 2])
    let judgements = [
      Judgement(picture: 0, verdict: .like), Judgement(picture: 1, verdict: .stars(4), weight: 3),
      Judgement(picture: 3, verdict: .dislike), Judgement(picture: 3, verdict: .stars(3)),
      Judgement(picture: 3, verdict: .preferred(over: 0)), Judgement(picture: 3, verdict: .skip),
    ]
    let aesthetic = try #require(Aesthetic(meanOfLiked: judgements, features: features))
    #expect(aesthetic.mean.elements == [0.25, 3.75])
    #expect(Aesthetic(meanOfLiked: Array(judgements[2...]), features: features) == nil)
  }

  @Test("Names of profiles: composed, without colons, slashes and what cannot be seen")
  func names() {
    #expect(ProfileName("e\u{301}toile")?.description.unicodeScalars.count == 6)
    for name in ["", " a", "a ", "a:b", "a/b", "-a", "a\u{200B}b", "a\nb", String(repeating: "x", count: 101)] {
      #expect(ProfileName(name) == nil, "\(name)")
    }
    #expect(ProfileName("Grüße, 2 Äpfel")?.description == "Grüße, 2 Äpfel")
  }
}
