import Files
import Foundation
import Raster
import SystemPackage
import TestSupport
import Testing

@Suite struct DemoTests {
  @Test("The demonstration leaves pictures, a sheet, a page that needs nothing else, and profiles that can be used")
  func demonstration() throws {
    try withTemporaryFolder { folder in
      let out = folder.appending("demo")
      // What is usual for the person who calls it has nothing to do with it.
      let outcome = try Program.run(["demo", "--out", out.string], environment: ["AESGRAD_MODEL": "no/model"])
      #expect(outcome.code == 0, "\(outcome.errors)")
      let stages = outcome.errorLines.filter { $0.hasPrefix("[") }
      #expect(stages.count == 9)
      for name in ["plain", "neon-night", "sepia", "soft-light"] {
        let place = out.appending("pictures").appending(name)
        var pictures: [Picture] = []
        for file in try contents(of: place) { pictures.append(try Picture(reading: place.appending(file))) }
        #expect(pictures.map(\.width) == [128, 128, 128, 128])
        #expect(Set(pictures).count == 4)
      }
      let sheet = try Picture(reading: out.appending("sheet.png"))
      #expect(sheet.width > 4 * 256 && sheet.height > 4 * 256)
      let page = try String(contentsOfFile: out.appending("report.html").string, encoding: .utf8)
      #expect(page.components(separatedBy: "src=\"data:image/png;base64,").count - 1 == 16 + 9)
      #expect(!page.contains("http") && !page.contains("src=\"/") && !page.contains("href"))
      #expect(outcome.output.contains(out.appending("report.html").string))
      let ranking = try Program.run(
        [
          "rank", galleryFolder("neon-night"), galleryFolder("pastel-dawn"), "--profile", "neon-night", "--db",
          out.appending("demo.sqlite").string,
        ])
      #expect(ranking.output.split(separator: "\n").prefix(16).allSatisfy { $0.contains("neon-night/") })

      try Program.run(["demo", "--out", out.string])
        .expectFailure(73, "\(out): is there already", hint: "--force replaces what is in it")
      try Program.run(["demo", "--out", folder.string, "--force"])
        .expectFailure(
          73, "\(folder): holds other things than a demonstration", hint: "--out names another folder")
    }
  }
}
