import Aesthetic
import Files
import Foundation
import Raster
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite("rank, next, compare")
struct TasteCommandTests {
  private static let pictures = EmbedTests.names.map { EmbedTests.gallery + "/" + $0 }

  private struct Ranking: Decodable {
    let measure: String
    let pictures: [Line]

    struct Line: Decodable {
      let path: String
      let score: Double
      let deviation: Double?
    }
  }

  /// The features of the pictures, in their order, by transformers.
  private func features() throws -> [[Double]] {
    let file = try SafetensorsFile(FilePath(fixture("embed.safetensors")))
    let features = try file.tensor("openai")
    return (0..<features.rows).map { features.rows($0..<$0 + 1).elements.map { Double($0) } }
  }

  /// A database with a profile `likes`, who likes the first two pictures, and one `pairs`, who prefers every picture to
  /// the next.
  private func withProfiles(_ body: ([String]) throws -> Void) throws {
    try withModelFolder { model, folder in
      let options = ["--db", folder.appending("t.sqlite").string]
      func run(_ arguments: [String]) throws {
        let outcome = try Program.run(arguments + options)
        #expect(outcome.code == 0 && outcome.errors == "")
      }
      for name in ["likes", "pairs"] { try run(["profile", "create", name]) }
      try run(["rate", Self.pictures[0], Self.pictures[1], "--profile", "likes", "--like"])
      for (better, other) in zip(Self.pictures, Self.pictures.dropFirst()) {
        try run(["rate", "--profile", "pairs", "--prefer", better, "--over", other])
      }
      try body(options + ["--clip", model])
    }
  }

  private func decoded<Value: Decodable>(_ arguments: [String]) throws -> Value {
    let outcome = try Program.run(arguments + ["--json"])
    #expect(outcome.code == 0 && outcome.errors == "", "\(outcome.errors)")
    return try JSONDecoder().decode(Value.self, from: Data(outcome.output.utf8))
  }

  @Test("with likes only, the score is the cosine to their mean, both seen from the mean of the pictures")
  func likes() throws {
    let features = try features()
    func unit(_ x: [Double]) -> [Double] {
      let length = x.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return x.map { $0 / length }
    }
    let units = features.map(unit)
    let center = (0..<24).map { column in units.reduce(0) { $0 + $1[column] } / 5 }
    func centred(_ x: [Double]) -> [Double] { unit(zip(x, center).map { $0 - $1 }) }
    let target = centred(unit(zip(features[0], features[1]).map { ($0 + $1) / 2 }))
    let expected = units.map { zip(centred($0), target).reduce(0) { $0 + $1.0 * $1.1 } }
    try withProfiles { options in
      let ranking: Ranking = try decoded(["rank", EmbedTests.gallery, "--profile", "likes"] + options)
      #expect(ranking.measure == "similarity")
      #expect(ranking.pictures.map(\.score) == ranking.pictures.map(\.score).sorted(by: >))
      for line in ranking.pictures {
        let index = try #require(Self.pictures.firstIndex(of: line.path))
        // Features are Float32 sums in another order than PyTorch's, and centring magnifies their error of 1e-5.
        #expect(abs(line.score - expected[index]) < 1e-3 && line.deviation == nil)
      }
    }
  }

  @Test(
    "who prefers every picture to the next has them ranked by what Taste learns from that; only new pairs are asked about"
  )
  func pairs() throws {
    try withProfiles { options in
      let ranking: Ranking = try decoded(["rank", EmbedTests.gallery, "--profile", "pairs"] + options)
      #expect(ranking.measure == "utility")
      let features = try SafetensorsFile(FilePath(fixture("embed.safetensors"))).tensor("openai")
      let judgements = (0..<4).map { Judgement(picture: $0, verdict: .preferred(over: $0 + 1)) }
      let appearances = try Self.pictures.map { path in
        Appearance(thumbnail: try Picture(decoding: Array(Data(contentsOf: URL(filePath: path)))).thumbnail())
      }
      let sights = Sights(features: features, appearances: appearances)
      let expected = Taste(sights, judgements: judgements).utilities(sights)
      for line in ranking.pictures {
        let index = try #require(Self.pictures.firstIndex(of: line.path))
        // As above: features are off by 1e-5, and what sets them apart is a hundredth of them.
        #expect(abs(line.score - expected[index]) < 1e-2)
      }
      #expect(ranking.pictures.map(\.score) == ranking.pictures.map(\.score).sorted(by: >))
      #expect(ranking.pictures.allSatisfy { $0.deviation ?? 0 > 0 })
      let text = try Program.run(["rank", EmbedTests.gallery, "--profile", "pairs"] + options)
      #expect(
        text.output.split(separator: "\n").map { String($0.split(separator: " ").last ?? "") }
          == ranking.pictures.map(\.path))

      let three = Array(Self.pictures.prefix(3))
      let proposal: [String: JSONValue] = try decoded(["next"] + three + ["--profile", "pairs"] + options)
      // Of three pictures two pairs have been compared.
      #expect(Set([proposal["first"]?.text, proposal["second"]?.text]) == [three[0], three[2]])
      let none = try Program.run(["next"] + three.prefix(2) + ["--profile", "pairs"] + options)
      #expect(none.code == 66 && none.errorLines.first?.contains("leave no pair to ask about") == true)
    }
  }

  @Test("profiles are compared in a table, in JSON, and in a picture")
  func compare() throws {
    try withProfiles { options in
      try withTemporaryFolder { folder in
        let grid = folder.appending("both.png")
        let outcome = try Program.run(["compare", "likes", "pairs", "--grid", grid.string] + options)
        #expect(outcome.code == 0 && outcome.errors == "")
        #expect(outcome.output.contains("likes and pairs: similarity "))
        #expect(outcome.output.contains(", 2 pictures rated by both"))
        #expect(try InputFile(grid).pictureHeader == [0x89, 0x50, 0x4E, 0x47])
        let again = try Program.run(["compare", "likes", "pairs", "--grid", grid.string] + options)
        #expect(again.code == 73)
      }
      let alone = try Program.run(["compare", "likes", "likes"] + options)
      #expect(alone.code == 64)
      let unknown = try Program.run(["compare", "likes", "nobody"] + options)
      #expect(unknown.code == 66)
    }
  }
}

/// A text or a number of JSON.
private struct JSONValue: Decodable {
  let text: String?

  init(from decoder: any Decoder) throws {
    text = try? decoder.singleValueContainer().decode(String.self)
  }
}

extension InputFile {
  fileprivate var pictureHeader: [UInt8] {
    get throws { Array(try Data(contentsOf: URL(filePath: path.string)).prefix(4)) }
  }
}
