import Aesthetic
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite("learn and profile")
struct LearnTests {
  /// Lends `body` a function that runs the program on a database in which the profile `warm` likes the gallery's pictures,
  /// the model's folder, and the folder above.
  private func withRatings(
    _ body: (_ run: ([String]) throws -> Program.Outcome, _ model: String, _ folder: FilePath) throws -> Void
  ) throws {
    try withModelFolder { model, folder in
      let database = folder.appending("a.sqlite").string
      func run(_ arguments: [String]) throws -> Program.Outcome { try Program.run(arguments + ["--db", database]) }
      for arguments in [["profile", "create", "warm"], ["rate", EmbedTests.gallery, "--like", "--profile", "warm"]] {
        try #require(run(arguments).code == 0)
      }
      try body(run, model, folder)
    }
  }

  private func json(_ outcome: Program.Outcome) throws -> JSON {
    #expect(outcome.code == 0 && outcome.errors == "")
    return try JSON(parsing: Array(outcome.output.utf8))
  }

  @Test("The aesthetic is the mean of what is liked, to what embed gives; the next version says how far it is away")
  func mean() throws {
    try withRatings { run, model, folder in
      let first = try json(run(["learn", "warm", "--clip", model, "--steps", "0", "--json"]))
      #expect(first["version"]?.integer == 1 && first["pictures"]?.integer == 5 && first["delta"] == nil)
      let store = try Store(folder.appending("a.sqlite"))
      let version = try store.latestVersion(store.profile(#require(ProfileName("warm"))))
      let expected = try SafetensorsFile(FilePath(fixture("embed.safetensors"))).tensor("openai")
      // As for embed: Float32 sums in another order than PyTorch's.
      expectClose(version.aesthetic.mean, try #require(Aesthetic(features: expected)).mean, relative: 1e-5)
      #expect(try run(["rate", EmbedTests.gallery + "/a.png", "--dislike", "--profile", "warm"]).code == 0)
      let second = try json(run(["learn", "warm", "--clip", model, "--method", "mean", "--steps", "0", "--json"]))
      #expect(second["version"]?.integer == 2)
      let four = Tensor(Array(expected.elements[24...]), shape: [4, 24])
      let (old, new) = try (#require(Aesthetic(features: expected)), #require(Aesthetic(features: four)))
      let similarity = try #require(second["similarityToPrevious"]?.double)
      #expect(abs(similarity - Double(old.direction.dot(new.direction))) < 1e-5)
    }
  }

  @Test("The delta is kept and used by encode; prompts it was not trained on move too, and it says how far")
  func delta() throws {
    try withRatings { run, model, folder in
      let models = ["--clip", model, "-m", model]
      let learn = try json(run(["learn", "warm", "--lr", "1e-3", "--method", "mean", "--json", "-q"] + models))
      let delta = try #require(learn["delta"])
      let curve = try #require(delta["similarity"]?.array).compactMap(\.double)
      #expect(delta["prompts"]?.integer == 24)
      // Twenty steps on each of six alone say where all together end: at the first step that is not below.
      let reached = try [
        "a portrait of a woman", "a horse running across a field", "a beach with waves", "a city skyline",
        "a kitchen table with fruit", "a sailing boat in a harbour",
      ].map { prompt in
        let alone = try json(
          run(
            ["personalize", "-p", prompt, "--profile", "warm", "--mode", "low-rank", "--lr", "1e-3", "--json", "-q"]
              + models))
        return try #require(alone["similarity"]?.array?.last?.double)
      }
      #expect(try abs(#require(delta["ownSteps"]?.double) - reached.reduce(0, +) / 6) < 1e-4)
      let goal = try #require(delta["ownSteps"]?.double)
      #expect(curve.count <= 61 && curve.dropLast().allSatisfy { $0 < goal })
      #expect(curve.count == 61 || curve.last.map { $0 >= goal } == true)
      let unseen = try #require(delta["unseen"])
      let values = ["plain", "delta", "ownSteps"].compactMap { unseen[$0]?.double }
      #expect(values.count == 3 && unseen["prompts"]?.integer == 6)
      #expect(values[1] > values[0] + 0.1)

      // The first unseen prompts' plain similarity is that of encode's features.
      func feature(_ prompt: String, _ extra: [String]) throws -> Tensor {
        let out = folder.appending("f.safetensors").string
        #expect(try run(["encode", prompt, "-o", out, "--force", "-q"] + models + extra).code == 0)
        return try SafetensorsFile(FilePath(out)).tensor("text_feature")
      }
      let store = try Store(folder.appending("a.sqlite"))
      let target = try store.latestVersion(store.profile(#require(ProfileName("warm")))).aesthetic.direction
      func similarity(_ extra: [String]) throws -> Double {
        let prompts = [
          "a lighthouse in the mist", "a dog sleeping by the fire", "a market in a narrow alley",
          "an astronaut on the moon", "a bowl of soup", "a dancer on a stage",
        ]
        let all = try prompts.map { prompt in
          let feature = try feature(prompt, extra)
          return Double(feature.dot(target) / feature.dot(feature).squareRoot())
        }
        return all.reduce(0, +) / 6
      }
      #expect(abs(try similarity([]) - values[0]) < 1e-5)
      // The delta is added to weights that were rounded once more.
      #expect(abs(try similarity(["--profile", "warm"]) - values[1]) < 1e-4)
      #expect(abs(try similarity(["--profile", "warm:0"]) - values[0]) < 1e-5)
    }
  }

  @Test("personalize takes the profile's aesthetic, and both refuse other models")
  func otherModels() throws {
    try withRatings { run, model, folder in
      let learn = ["learn", "warm", "--clip", model, "-m", model, "--steps", "2", "-p", "a cat", "-q"]
      #expect(try run(learn).code == 0)
      let outs = ["p", "a"].map { folder.appending($0 + ".safetensors").string }
      let common = ["personalize", "-p", "a cat", "--clip", model, "-m", model, "-q"]
      #expect(try run(common + ["--profile", "warm", "-o", outs[0]]).code == 0)
      #expect(try Program.run(["embed", EmbedTests.gallery, "--clip", model, "-o", outs[1]]).code == 0)
      let plain = folder.appending("c.safetensors").string
      #expect(try Program.run(common + ["--aesthetic", outs[1], "-o", plain]).code == 0)
      expectClose(
        try SafetensorsFile(FilePath(outs[0])).tensor("conditioning"),
        try SafetensorsFile(FilePath(plain)).tensor("conditioning"), relative: 1e-4)

      let other = folder.appending("other").string
      try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
      for source in ["clip-gelu", "tokenizer"] {
        for name in try FileManager.default.contentsOfDirectory(atPath: clipFixture(source)) {
          try FileManager.default.copyItem(atPath: clipFixture(source) + "/" + name, toPath: other + "/" + name)
        }
      }
      let personalize = try run(["personalize", "-p", "a", "--profile", "warm", "--clip", other, "-m", other])
      #expect(personalize.code == 65 && personalize.errors.contains("learned with the image encoder clip-quick"))
      let encode = try run(["encode", "a", "--profile", "warm", "-m", other, "--clip", other, "-o", outs[0] + "x"])
      #expect(encode.code == 65 && encode.errors.contains("for the text encoder clip-quick"))
      // Under the other CLIP everything can be made again; the ratings stay.
      #expect(
        try run(["profile", "rebuild", "warm", "--clip", other]).output == "made 1 version of warm anew with other\n")
      #expect(try run(["personalize", "-p", "a", "--profile", "warm", "--clip", other, "-m", other]).code == 0)
      let shown = try json(run(["profile", "show", "warm", "--json"]))
      #expect(shown["ratings"]?.array?.first?["counting"]?.integer == 5 && shown["deltas"]?.array == [])
    }
  }

  @Test("Pictures that are gone are named, and the others learned from")
  func gone() throws {
    try withRatings { run, model, folder in
      let copy = folder.appending("copy.png").string
      let galleries = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        .appending("galleries")
      try FileManager.default.copyItem(atPath: galleries.appending("forest/cat.png").string, toPath: copy)
      try #require(run(["rate", copy, "--like", "--profile", "warm"]).code == 0)
      try FileManager.default.removeItem(atPath: copy)
      let outcome = try run(["learn", "warm", "--clip", model, "--steps", "0"])
      #expect(outcome.code == 3 && outcome.output.hasPrefix("version 1 of warm: mean, from 5 ratings of 5 pictures"))
      #expect(outcome.errorLines.first == "error: \(copy): there is no such file")
    }
  }

  @Test("A profile can be listed, renamed, copied, blended, moved and deleted")
  func profiles() throws {
    try withRatings { run, model, folder in
      #expect(try run(["learn", "warm", "--clip", model, "--steps", "1", "-m", model, "-q"]).code == 0)
      func names() throws -> [String] {
        try #require(json(run(["profile", "list", "--json"]))["profiles"]?.array).compactMap {
          $0["name"]?.string?.string
        }
      }
      #expect(try run(["profile", "copy", "warm", "ink"]).output == "made the profile ink, a copy of warm\n")
      #expect(try run(["profile", "rename", "ink", "soot"]).code == 0)
      #expect(
        try run(["profile", "blend", "mix", "warm:0.7", "soot:0.3"]).output == "made the profile mix with 1 delta\n")
      #expect(try names() == ["mix", "soot", "warm"])
      // Equal parts of one taste are that taste.
      let store = try Store(folder.appending("a.sqlite"))
      func direction(_ name: String) throws -> Tensor {
        try store.latestVersion(store.profile(#require(ProfileName(name)))).aesthetic.direction
      }
      expectClose(try direction("mix"), try direction("warm"), absolute: 1e-6)
      let file = folder.appending("soot.aesgrad").string
      #expect(try run(["profile", "export", "soot", "-o", file]).code == 0)
      #expect(try run(["profile", "delete", "soot"]).code == 64)
      #expect(try run(["profile", "delete", "soot", "--force"]).output == "deleted the profile soot with 5 ratings\n")
      #expect(try run(["profile", "import", file]).output == "made the profile soot with 5 ratings\n")
      try run(["profile", "import", file]).expectFailure(
        73, "\(store.path): has a profile \"soot\" already", hint: "choose another name")
      let grid = folder.appending("grid.png").string
      #expect(try run(["profile", "show", "soot", "--grid", grid]).code == 0)
      let sheet = try Program.run(["info", grid])
      #expect(sheet.code == 0 && sheet.output.contains("a picture of"))
      try run(["profile", "show", "soot", "--grid", grid]).expectFailure(
        73, "\(grid): exists already", hint: "--force replaces it")
    }
  }
}
