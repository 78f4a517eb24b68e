import Aesthetic
import Files
import Foundation
import Raster
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Pictures that meet a taste.
@Suite struct GenerateTasteTests {
  typealias Report = GenerateTests.Report

  /// A model, and a database in which the profile `warm` has learned from the gallery, and `ink` from other ratings.
  private struct Place {
    let model: String
    let folder: FilePath
    var database: FilePath { folder.appending("a.sqlite") }

    func run(_ arguments: [String]) throws -> Program.Outcome {
      try Program.run(arguments + ["--db", database.string])
    }

    func report(_ more: [String]) throws -> Report {
      try GenerateTests.report(model, folder, ["--db", database.string, "--steps", "4"] + more)
    }

    func picture(_ more: [String]) throws -> Picture {
      try Picture(reading: FilePath(report(more).pictures[0].path))
    }
  }

  private func withTaste(_ body: (Place) throws -> Void) throws {
    try withPipeline { model, folder in
      let place = Place(model: model, folder: folder)
      let gallery = EmbedTests.gallery
      for arguments in [
        ["profile", "create", "warm"], ["rate", gallery, "--like", "--profile", "warm"],
        ["profile", "create", "ink"], ["rate", gallery + "/a.png", "--like", "--profile", "ink"],
        ["rate", gallery + "/c.png", "--dislike", "--profile", "ink"],
        ["learn", "warm", "-m", model, "--lr", "1e-3", "-q"], ["learn", "ink", "-m", model, "--lr", "1e-3", "-q"],
      ] {
        let outcome = try place.run(arguments)
        try #require(outcome.code == 0, "\(outcome.errors)")
      }
      try body(place)
    }
  }

  @Test("A profile's delta, its strength, and blends of several")
  func stored() throws {
    try withTaste { place in
      let plain = try place.picture([])
      let warm = try place.picture(["--profile", "warm"])
      #expect(warm.pixels != plain.pixels)
      #expect(try place.picture(["--profile", "warm:0"]).pixels == plain.pixels)
      let both = try place.picture(["--profile", "warm:0.5", "--profile", "ink:0.5"])
      #expect(both.pixels != warm.pixels && both.pixels != plain.pixels)
      // The first time it is computed, the second time it is what was kept.
      #expect(try place.picture(["--profile", "warm"]).pixels == warm.pixels)
      // The negative prompt stays plain: an encoder that only it goes through changes nothing.
      #expect(try place.picture(["-p", "", "--profile", "warm"]).pixels == place.picture(["-p", ""]).pixels)
    }
  }

  @Test("Steps on the prompt itself give what personalize gives")
  func perPrompt() throws {
    try withTaste { place in
      let store = try Store(place.database)
      let profile = try store.profile(#require(ProfileName("warm")))
      let version = try store.latestVersion(profile)
      let file = place.folder.appending("warm.safetensors")
      try version.aesthetic.writeSafetensors(metadata: [:], to: file, replacing: false)
      let more = ["--aesthetic-lr", "1e-3", "--aesthetic-steps", "5"]
      let own = try place.picture(["--profile", "warm", "--per-prompt"] + more)
      #expect(try place.picture(["--aesthetic", file.string] + more).pixels == own.pixels)
      #expect(own.pixels != (try place.picture(["--profile", "warm"]).pixels))

      let out = place.folder.appending("c.safetensors")
      let outcome = try place.run([
        "personalize", "-p", GenerateTests.prompt, "--profile", "warm", "-m", place.model, "--lr", "1e-3", "--steps",
        "5",
        "-o", out.string, "-q",
      ])
      try #require(outcome.code == 0, "\(outcome.errors)")
      let expected = try SafetensorsFile(out).tensor("conditioning")
      let encoder = StoredModel(
        fingerprint: try store.deltas(profile)[0].model.fingerprint,
        kind: .textEncoder, name: "model", width: 32)
      let kept = try store.conditioning(
        ConditioningKey(
          model: encoder, prompt: GenerateTests.prompt,
          settings: [
            "Aesthetic LR": "0.001", "Aesthetic weight": "1.0", "Aesthetic steps": "5", "Aesthetic embedding": "warm",
            "Aesthetic slerp": "False", "Aesthetic text": "", "Aesthetic text negative": "False",
            "Aesthetic slerp angle": "0", "Profile": "warm:1.0", "Profile version": "1",
            "Aesthetic hash": version.aesthetic.hash, "Aesthetic target": version.aesthetic.hash, "clip skip": "1",
            "emphasis": "automatic1111",
          ]))
      #expect(try #require(kept).elements == expected.elements)
    }
  }

  @Test("Of several the one is kept that rank puts first")
  func bestOf() throws {
    try withTaste { place in
      for profile in ["ink", "ink:0"] {
        let all = try place.report(["-b", "4", "--profile", profile]).pictures
        #expect(all.map(\.seed) == [42, 43, 44, 45])
        let kept = try place.report(["--best-of", "4", "--profile", profile]).pictures[0]
        let rank = try place.run(
          ["rank", "--profile", "ink", "--clip", place.model + "/clip", "--json"] + all.map(\.path))
        let best = try JSON(parsing: Array(rank.output.utf8))["pictures"]?.array?.first?["path"]?.string?.string
        #expect(all.first { $0.path == best }?.seed == kept.seed)
      }
    }
  }

  @Test("Pictures are known to the database, and say what they were made with; --like makes them again, byte for byte")
  func records() throws {
    try withTaste { place in
      let arguments = ["--profile", "warm:0.8", "--sampler", "euler-a", "--clip-skip", "2", "--cfg-scale", "3.3"]
      let made = try place.report(arguments).pictures[0]
      let bytes = try InputFile(FilePath(made.path)).readAll(limit: 1 << 20)
      let store = try Store(place.database)
      let found = try store.generation(of: PictureRecord.hash(of: bytes))
      let record = try #require(found)
      #expect(record.prompt == GenerateTests.prompt && record.settings["Sampler"] == "Euler a")
      #expect(record.settings["Negative prompt"] == "blurry" && record.settings["Profile"] == "warm:0.8")
      #expect(try store.prompts(store.profile(#require(ProfileName("warm"))), limit: 9) == [GenerateTests.prompt])
      #expect(try place.run(["rate", made.path, "--like", "--profile", "warm"]).code == 0)

      let text = try GenerateTests.text(made.path)
      let version = try store.latestVersion(store.profile(#require(ProfileName("warm"))))
      #expect(text.value("Aesthetic hash") == version.aesthetic.hash && text.value("Profile version") == "1")
      #expect(text.value("Delta hash")?.count == 64)

      // A newer version of the profile does not matter.
      #expect(try place.run(["learn", "warm", "-m", place.model, "--lr", "1e-2", "-q"]).code == 0)
      let again = place.folder.appending("again")
      let outcome = try place.run(["generate", "--like", made.path, "-m", place.model, "-o", again.string])
      #expect(outcome.code == 0 && outcome.errors == "", "\(outcome.errors)")
      let copy = try InputFile(again.appending("00000-42.png")).readAll(limit: 1 << 20)
      #expect(copy == bytes)

      let other = try place.run([
        "generate", "--like", made.path, "-m", place.model, "-o", again.string, "--vae", place.model, "--json",
      ])
      #expect(other.code == 0 && other.errors.hasPrefix("note: the picture was made with another VAE (none, here "))
    }
  }

  @Test("A grid shows each picture once computed, with its labels")
  func grid() throws {
    try withTaste { place in
      let out = place.folder.appending("grid.png").string
      let common = ["grid", "-p", "a horse", "-m", place.model, "-W", "64", "-H", "64", "--steps", "2", "--seed", "3"]
      let outcome = try place.run(
        common + ["--profile", "warm", "--profile", "ink", "--strengths", "0,1", "-o", out, "--json"])
      #expect(outcome.code == 0, "\(outcome.errors)")
      let report = try JSON(parsing: Array(outcome.output.utf8))
      #expect(report["pictures"]?.integer == 3 && report["rows"]?.array?.count == 2)
      let sheet = try Picture(reading: FilePath(out))
      #expect(sheet.width > 128 && sheet.height > 128)
      let steps = try place.run(
        common + ["--profile", "warm", "--strengths", "1", "--aesthetic-steps", "0,2", "-o", out, "--force", "--json"])
      #expect(try JSON(parsing: Array(steps.output.utf8))["pictures"]?.integer == 2)
      let compared = try place.run([
        "compare", "warm", "ink", "-m", place.model, "-p", "a horse", "--seed", "3",
        "-W",
        "64", "-H", "64", "--steps", "2", "--grid", place.folder.appending("both.png").string,
      ])
      #expect(compared.code == 0, "\(compared.errors)")
    }
  }

  @Test("What cannot be meant is refused")
  func refusals() throws {
    try withTaste { place in
      let model = place.model
      func run(_ more: [String]) throws -> Program.Outcome {
        try place.run(GenerateTests.arguments(model, place.folder, more))
      }
      let usage = "aesgrad generate --help explains the usage"
      try run(["--profile", "warm", "--aesthetic", "x.pt"])
        .expectFailure(64, "--profile and --aesthetic exclude each other", hint: usage)
      try run(["--per-prompt"]).expectFailure(
        64, "--per-prompt needs a --profile or an --aesthetic", hint: "aesgrad --help explains the usage")
      try run(["--best-of", "2"]).expectFailure(
        64, "--best-of 2: only a --profile or an --aesthetic can rank pictures",
        hint: "aesgrad --help explains the usage")
      #expect(try run(["--profile", "cold"]).code == 66)
      #expect(try place.run(["profile", "create", "cold"]).code == 0)
      #expect(try run(["--profile", "cold"]).code == 66)
      #expect(!FileManager.default.fileExists(atPath: place.folder.appending("out").string))
    }
  }
}
