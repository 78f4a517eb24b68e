import Files
import Foundation
import GRDB
import SystemPackage
import TestSupport
import Testing

/// Lends `body` a database with the profile `warm`, and the folder it is in.
func withProfile(_ body: (_ database: String, _ folder: FilePath) throws -> Void) throws {
  try withTemporaryFolder { folder in
    let database = folder.appending("a.sqlite").string
    try #require(Program.run(["profile", "create", "warm", "--db", database]).code == 0)
    try body(database, folder)
  }
}

/// The history of the profile `warm` in short, such as "like a.png".
func history(_ database: String) throws -> [String] {
  let outcome = try Program.run(["profile", "history", "warm", "--json", "--db", database])
  let json = try JSON(parsing: Array(outcome.output.utf8))
  return try #require(json["history"]?.array).map { event in
    func name(_ member: ByteString) -> String? {
      event[member]?.string?.string.flatMap { FilePath($0).lastComponent?.string }
    }
    let stars = event["stars"]?.integer.map { "\($0)" }
    let kind = try #require(event["kind"]?.string?.string)
    return [kind, stars, name("path"), name("loserPath")].compactMap(\.self).joined(separator: " ")
  }
}

@Suite("rate and undo")
struct RateTests {
  static let gallery = EmbedTests.gallery

  private func rate(_ database: String, _ arguments: String...) throws -> Program.Outcome {
    try Program.run(["rate", "--profile", "warm", "--db", database] + arguments)
  }

  @Test("Whole folders and single pictures are rated; the history says so, and an undo takes the last back")
  func paths() throws {
    try withProfile { database, _ in
      let first = try rate(database, Self.gallery, "--like")
      #expect(first.output == "5 ratings kept in the profile warm, 5 pictures new\n" && first.errors == "")
      #expect(
        try rate(database, Self.gallery + "/a.png", "--stars", "2", "--json", "--weight", "0.5").output
          == "{\"failed\":0,\"newPictures\":0,\"profile\":\"warm\",\"ratings\":1}\n")
      #expect(
        try rate(database, Self.gallery + "/c.png", Self.gallery + "/c.png", "--skip").output.hasPrefix("1 rating "))
      #expect(try rate(database, Self.gallery + "/d.png", "--dislike").code == 0)
      #expect(try rate(database, "--prefer", Self.gallery + "/c.png", "--over", Self.gallery + "/b.jpg").code == 0)
      let undo = try Program.run(["undo", "--profile", "warm", "--db", database])
      #expect(undo.output == "taken back: preferred \(Self.gallery)/c.png over \(Self.gallery)/b.jpg\n")
      #expect(
        try history(database) == [
          "like a.png", "like b.jpg", "like c.png", "like d.png", "like e.jpg", "stars 2 a.png", "skip c.png",
          "dislike d.png", "pair c.png b.jpg", "undo",
        ])
    }
  }

  @Test("A picture is known by what is in it, wherever it is; its new place is remembered")
  func moved() throws {
    try withProfile { database, folder in
      #expect(try rate(database, Self.gallery + "/a.png", "--like").code == 0)
      let copy = folder.appending("copy.png").string
      try FileManager.default.copyItem(atPath: Self.gallery + "/a.png", toPath: copy)
      #expect(try rate(database, copy, "--dislike").output == "1 rating kept in the profile warm, 0 pictures new\n")
      #expect(try history(database) == ["like copy.png", "dislike copy.png"])
    }
  }

  @Test("Pictures that cannot be read are named; the others are rated")
  func partly() throws {
    try withProfile { database, folder in
      let bad = folder.appending("bad.png").string
      try Data("no picture".utf8).write(to: URL(filePath: bad))
      let outcome = try rate(database, Self.gallery + "/a.png", bad, "/no/such.png", "--like")
      #expect(outcome.code == 3 && outcome.output.hasPrefix("1 rating kept"))
      #expect(outcome.errorLines.count == 3 && outcome.errorLines.last == "error: 2 of 3 pictures failed")
      #expect(try rate(database, bad, "--like").code == 65)
      #expect(try rate(database, "/no/such.png", "--like").code == 66)
      #expect(try history(database) == ["like a.png"])
    }
  }

  @Test("Tables and JSON lines say the same")
  func files() throws {
    let table = """
      \u{FEFF}weight,picture,kind,value,over\r
      ,\(Self.gallery)/a.png,like,1,\r
      2,"\(Self.gallery)/b.jpg",stars,4,\r
      \r
      1,\(Self.gallery)/c.png,prefer,,\(Self.gallery)/d.png
      0.5,\(Self.gallery)/d.png,dislike,,
      1,\(Self.gallery)/a.png,skip,,
      """
    let lines = """
      {"picture":"\(Self.gallery)/a.png","kind":"like"}
      {"picture":"\(Self.gallery)/b.jpg","kind":"stars","value":4,"weight":2}

      {"picture":"\(Self.gallery)/c.png","kind":"prefer","over":"\(Self.gallery)/d.png"}
      {"picture":"\(Self.gallery)/d.png","kind":"dislike","weight":0.5}
      {"picture":"\(Self.gallery)/a.png","kind":"skip"}
      """
    for text in [table, lines] {
      try withProfile { database, folder in
        let file = folder.appending("ratings").string
        try Data(text.utf8).write(to: URL(filePath: file))
        let outcome = try rate(database, "--from", file)
        #expect(outcome.output == "5 ratings kept in the profile warm, 4 pictures new\n" && outcome.errors == "")
        #expect(
          try history(database) == [
            "like a.png", "stars 4 b.jpg", "pair c.png d.png", "dislike d.png", "skip a.png",
          ])
      }
    }
  }

  @Test("The galleries' ratings name pictures from their own folder on")
  func galleries() throws {
    try withProfile { database, _ in
      let folder = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
      let outcome = try rate(database, "--from", folder.appending("galleries/rater-b.csv").string)
      #expect(outcome.output == "128 ratings kept in the profile warm, 128 pictures new\n" && outcome.code == 0)
    }
  }

  @Test("A file with a fault is refused whole, and every faulty line named")
  func faults() throws {
    try withProfile { database, folder in
      let file = folder.appending("ratings").string
      let good = "\(Self.gallery)/a.png,like,\n"
      for (text, code, problems) in [
        (
          "picture,kind,value\n" + good + "x,love,\ny,stars,6\nz,stars,\n,like,\nq,like,3\nshort,like\n\"open,like,",
          65,
          [
            "line 3 has the kind love; like, dislike, stars, prefer or skip was expected",
            "line 4 has 6 stars; 1 to 5 were expected", "line 5 has no number of stars; 1 to 5 were expected",
            "line 6 names no picture", "line 7 has the value 3, which only stars have",
            "line 8 has 2 fields, the first line 3", "line 9 has a quote that is never closed",
          ]
        ),
        (
          "picture,kind,weight\n\(Self.gallery)/a.png,like,-1\n", 65,
          [
            "line 2 has the weight -1; a number above 0, at most 1e6, was expected"
          ]
        ),
        (
          "{\"picture\":1,\"kind\":\"like\",\"x\":2}\n[1]\n{\"picture\":\"a\"}\n", 65,
          [
            "line 1 has a member \"x\"; picture, kind, value, over and weight are known",
            "line 2 is no JSON object", "line 3 has no kind of rating",
          ]
        ),
        (
          "picture,kind,over\n\(Self.gallery)/a.png,prefer,\(Self.gallery)/a.png\n", 65,
          [
            "line 2 prefers a picture over itself"
          ]
        ),
        ("", 65, ["begins with no line that names the columns picture and kind"]),
        ("picture,kind\n", 65, ["holds no ratings"]),
      ] as [(String, Int32, [String])] {
        try Data(text.utf8).write(to: URL(filePath: file))
        let outcome = try rate(database, "--from", file)
        #expect(outcome.code == code && outcome.output == "")
        #expect(
          outcome.errorLines.filter { $0.hasPrefix("error") } == problems.map { "error: \(file): \($0)" }, "\(text)")
      }
      try Data(("picture,kind,value\n" + good + "no.png,like,\n").utf8).write(to: URL(filePath: file))
      try rate(database, "--from", file).expectFailure(66, "\(folder)/no.png: there is no such file")
      #expect(try history(database) == [])
    }
  }

  @Test("What cannot be meant is wrong usage")
  func usage() throws {
    try withProfile { database, _ in
      for arguments in [
        [], ["--like"], ["x.png"], ["x.png", "--like", "--dislike"], ["x.png", "--stars", "6"], ["--prefer", "x.png"],
        ["x.png", "--like", "--weight", "0"], ["x.png", "--from", "y.csv"], ["--from", "y.csv", "--weight", "2"],
      ] {
        let outcome = try Program.run(["rate", "--profile", "warm", "--db", database] + arguments)
        #expect(outcome.code == 64 && outcome.errorLines.count == 2, "\(arguments)")
      }
      try Program.run(["rate", "x.png", "--like", "--profile", "ink", "--db", database]).expectFailure(
        66, "\(database): has no profile \"ink\"",
        hint: "`aesgrad profile list` shows those there are, `aesgrad profile create` makes one")
      try Program.run(["undo", "--profile", "warm", "--db", database]).expectFailure(
        66, "\(database): has no rating of the profile \"warm\" to take back")
    }
  }
}
