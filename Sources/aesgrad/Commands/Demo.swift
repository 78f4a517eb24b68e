import ArgumentParser
import Files
import Foundation
import PocketModel
import Raster
import SystemPackage

struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows all of it on the model and the pictures that ship.",
    discussion: """
      Makes two profiles from galleries and one from a person's ratings, learns, draws the same prompts with the same seeds \
      for the plain model and for each profile, and compares the profiles. Each command is shown as it would be typed. \
      Leaves a contact sheet, a page with the pictures and figures, the pictures themselves, and the database.

      Example: aesgrad demo --out demo
      """)

  @Option(help: ArgumentHelp("The folder for all of it.", valueName: "folder"))
  var out: PathArgument?

  @OptionGroup var replacing: ReplaceOptions

  func run() throws {
    guard let galleries = PocketModel.galleries(), PocketModel.folder() != nil else {
      throw FileError(
        .missing, "aesgrad_PocketModel.resources", "does not stand beside the program, which needs the model in it",
        hint: "copy it along with the program, or link to the program where it was built")
    }
    let clock = ContinuousClock()
    let start = clock.now
    let folder = out?.path ?? "aesgrad-demo"
    try Self.clear(folder, replacing: replacing.force)
    var demonstration = Demonstration(folder: folder, galleries: galleries)
    let report = try demonstration.run()
    let (sheet, page) = (folder.appending("sheet.png"), folder.appending("report.html"))
    let text: String
    do { text = try report.page() } catch { throw FileError(.cannotCreate, page, error.problem) }
    try Interruption.whileWriting {
      try report.sheet.drawn().writePNG(to: sheet, replacing: true)
      try OutputFile.write(Array(text.utf8), to: page, replacing: true)
    }
    let places = [
      [sheet.printable, "all pictures on one sheet"], [page.printable, "the same with the figures, for a browser"],
      [folder.appending("pictures").printable, "the pictures, with their settings inside"],
      [folder.appending("demo.sqlite").printable, "the profiles, for --db"],
    ]
    try Console.printLine(
      "\n\(rounded((clock.now - start).seconds, 0)) s. What is to be seen:\n" + table(places))
  }

  /// Makes the folder, or empties what an earlier demonstration has left in it.
  private static func clear(_ folder: FilePath, replacing: Bool) throws {
    let files = FileManager.default
    if let entries = try? files.contentsOfDirectory(atPath: folder.string), !entries.isEmpty {
      guard replacing else {
        throw FileError(.cannotCreate, folder, "is there already", hint: "--force replaces what is in it")
      }
      guard entries.contains("demo.sqlite") else {
        throw FileError(
          .cannotCreate, folder, "holds other things than a demonstration", hint: "--out names another folder")
      }
      for name in ["demo.sqlite", "demo.sqlite-wal", "demo.sqlite-shm", "pictures"] where entries.contains(name) {
        try files.removeItem(atPath: folder.appending(name).string)
      }
    }
    do {
      try files.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    } catch {
      throw FileError(.cannotCreate, folder, "cannot be made (\(error.localizedDescription))")
    }
  }
}
