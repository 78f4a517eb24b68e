import Aesthetic
import Files
import Foundation
import GRDB
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite("import")
struct ImportTests {
  private func run(_ arguments: [String], in folder: FilePath) throws -> Program.Outcome {
    try Program.run(arguments, environment: ["AESGRAD_DB": folder.appending("a.sqlite").string])
  }

  @Test("Aesthetics become profiles, each called as its file")
  func aesthetics() throws {
    try withModelFolder { model, folder in
      let mean = Tensor((0..<24).map { Float($0) - 7 }, shape: [24])
      let aesthetic = try #require(Aesthetic(mean: mean))
      try aesthetic.writeTorch(to: folder.appending("ink.pt"), replacing: false)
      try aesthetic.writeSafetensors(metadata: [:], to: folder.appending("moss.safetensors"), replacing: false)
      let files = ["ink.pt", "moss.safetensors"].map { folder.appending($0).string }
      let outcome = try run(["import", "--clip", model] + files, in: folder)
      #expect(outcome.code == 0 && outcome.errors == "")
      #expect(outcome.output == "\(files[0]): made the profile ink\n\(files[1]): made the profile moss\n")
      let store = try Store(folder.appending("a.sqlite"))
      for name in ["ink", "moss"] {
        let version = try store.latestVersion(store.profile(#require(ProfileName(name))))
        #expect(version.aesthetic.mean.elements == mean.elements && version.origin.method == "import")
      }
      #expect(try run(["import", files[0], "--clip", model], in: folder).code == 73)
      #expect(try run(["import", files[0], "--clip", model, "--name", "ink two"], in: folder).code == 0)

      // One of another width is named, and the others are taken.
      let wide = try #require(Aesthetic(mean: Tensor([1, 2, 3], shape: [3])))
      let bad = folder.appending("wide.pt")
      try wide.writeTorch(to: bad, replacing: false)
      try aesthetic.writeTorch(to: folder.appending("rust.pt"), replacing: false)
      let partly = try run(["import", bad.string, folder.appending("rust.pt").string, "--clip", model], in: folder)
      #expect(partly.code == 3 && partly.errors.contains("is an aesthetic of width 3; 24 was expected"))
      #expect(partly.output.contains("made the profile rust"))
    }
  }

  @Test(
    "All eight published aesthetics are taken as they are",
    .enabled(if: environment("AESGRAD_SHARED") != nil, "AESGRAD_SHARED names the folder that has them"))
  func published() throws {
    let shared = FilePath(try #require(environment("AESGRAD_SHARED"))).appending("embeddings")
    try withModelFolder { model, folder in
      // A CLIP model of their width: the small one with wider projections.
      let wide = folder.appending("wide")
      try FileManager.default.createDirectory(atPath: wide.string, withIntermediateDirectories: true)
      let source = try SafetensorsFile(FilePath(model).appending("model.safetensors"))
      let entries = try source.names.map { name in
        let isProjection = name == "text_projection.weight" || name == "visual_projection.weight"
        return try isProjection
          ? WeightEntry(name, Tensor(randomWithSeed: 1, shape: [768, 32], scale: 0.1))
          : WeightEntry(name, source.tensor(name))
      }
      try SafetensorsWriter.write(entries, to: wide.appending("model.safetensors"), replacing: false)
      var text = try String(contentsOfFile: model + "/config.json", encoding: .utf8)
      text = text.replacing("\"projection_dim\": 24", with: "\"projection_dim\": 768")
      try text.write(toFile: wide.appending("config.json").string, atomically: false, encoding: .utf8)
      let files = try contents(of: shared).filter { $0.hasSuffix(".pt") }
      #expect(files.count == 8)
      let outcome = try run(
        ["import", "--clip", wide.string] + files.map { shared.appending($0).string }, in: folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
      let store = try Store(folder.appending("a.sqlite"))
      #expect(try store.profiles().map(\.name) == files.map { String($0.dropLast(3)) })
      for file in files {
        let found = try store.latestVersion(store.profile(#require(ProfileName(String(file.dropLast(3))))))
        let tensor = try TorchFile(shared.appending(file)).tensor("")
        #expect(found.aesthetic.mean.elements == tensor.elements)
      }
    }
  }

  @Test(
    "Rankings of AUTOMATIC1111's image browser become stars; pictures that are gone are named",
    arguments: ["wib.sqlite3", "ranking.json"])
  func rankings(file: String) throws {
    try withTemporaryFolder { folder in
      let (a, b, gone) = (
        EmbedTests.gallery + "/a.png", EmbedTests.gallery + "/b.jpg", folder.appending("gone.png").string
      )
      let path = folder.appending(file)
      let rankings = [(a, "5"), (b, "2"), (gone, "3"), (folder.appending("never.png").string, "None")]
      if file == "ranking.json" {
        let text = rankings.map { "\"\($0.0)\": \"\($0.1)\"" }.joined(separator: ", ")
        try OutputFile.write(Array("{\(text)}".utf8), to: path, replacing: false)
      } else {
        let queue = try DatabaseQueue(path: path.string)
        try queue.write { database in
          try database.execute(sql: "CREATE TABLE ranking (file TEXT PRIMARY KEY, name TEXT, ranking TEXT)")
          for (name, ranking) in rankings {
            try database.execute(sql: "INSERT INTO ranking VALUES (?, '', ?)", arguments: [name, ranking])
          }
        }
        try queue.close()
      }
      #expect(try run(["profile", "create", "warm"], in: folder).code == 0)
      #expect(try run(["import", path.string], in: folder).code == 64)
      let outcome = try run(["import", path.string, "--profile", "warm"], in: folder)
      #expect(outcome.code == 3)
      #expect(outcome.errorLines == ["error: \(gone): there is no such file", "error: 1 of 3 pictures failed"])
      #expect(outcome.output == "\(path): 2 ratings kept in the profile warm\n")
      let store = try Store(folder.appending("a.sqlite"))
      let history = try store.history(store.profile(#require(ProfileName("warm"))))
      #expect(history.compactMap(\.rating?.verdict) == [.stars(5), .stars(2)])
      #expect(history.map(\.source) == ["import \(file)", "import \(file)"])
    }
  }

  @Test("Tables of likes are taken whole, or not at all; a database of something else is refused")
  func tables() throws {
    try withTemporaryFolder { folder in
      #expect(try run(["profile", "create", "warm"], in: folder).code == 0)
      let table = folder.appending("likes.csv")
      try OutputFile.write(
        Array("picture,kind\n\(EmbedTests.gallery)/a.png,like\n\(EmbedTests.gallery)/b.jpg,dislike\n".utf8), to: table,
        replacing: false)
      let outcome = try run(["import", table.string, "--profile", "warm", "--json"], in: folder)
      let json = try JSON(parsing: Array(outcome.output.utf8))
      #expect(outcome.code == 0 && json["imported"]?.array?.first?["ratings"]?.integer == 2)
      let other = folder.appending("other.sqlite3")
      let queue = try DatabaseQueue(path: other.string)
      try queue.write { try $0.execute(sql: "CREATE TABLE x (y)") }
      try queue.close()
      let refused = try run(["import", other.string, "--profile", "warm"], in: folder)
      #expect(refused.code == 65 && refused.errors.contains("without a table \"ranking\""))
    }
  }
}
