import Aesthetic
import Diffusion
import Files
import Raster
import SystemPackage
import TensorKit

/// One run of `generate`: what all its pictures have in common.
final class PictureRun {
  private let source: PictureSource
  private let original: PreparedOriginal?
  let folder: PictureFolder
  private let count: Int
  private let bestOf: Int
  private let output: OutputOptions
  private var knownFacts: [GenerationText.Setting]?

  init(
    _ source: PictureSource, from original: PreparedOriginal?, to folder: PictureFolder, count: Int, bestOf: Int,
    _ output: OutputOptions
  ) {
    (self.source, self.original, self.folder) = (source, original, folder)
    (self.count, self.bestOf, self.output) = (count, bestOf, output)
  }

  /// What pictures say of the model. Its file is hashed for that, which is not done before the first picture is made.
  func facts() throws -> [GenerationText.Setting] {
    if let knownFacts { return knownFacts }
    let facts = try source.facts(quiet: output.quiet)
    knownFacts = facts
    return facts
  }

  /// A picture that is written.
  struct Made {
    let picture: Picture
    let path: FilePath
    let seed: UInt64
    let text: GenerationText
    let score: Double?

    struct Report: Encodable {
      let path: String
      let seed: UInt64
      /// How much the taste likes it, with --best-of.
      let score: Double?
    }

    var report: Report { Report(path: path.printable, seed: seed, score: score) }
  }

  /// Makes and writes the pictures of one prompt.
  func callAsFunction(
    _ settings: GenerationSettings, seed first: UInt64, _ guidance: Guidance, _ steering: Steering?,
    _ model: PictureModel, _ judge: PictureJudge?, _ preview: PreviewFile?
  ) throws -> [Made] {
    var log = source.store.map { GenerationLog($0, of: steering?.profiles.first?.profile) }
    return try (0..<count).map { number in
      let candidates = try (0..<bestOf).map { candidate in
        let seed = first &+ UInt64(number * bestOf + candidate)
        return (seed, try drawn(settings, seed, number * bestOf + candidate, guidance, model, preview))
      }
      let scores = try judge?.scores(candidates.map(\.1))
      let best = scores.flatMap { scores in scores.indices.max { scores[$0] < scores[$1] } } ?? 0
      let (seed, kept) = candidates[best]
      let text = settings.text(
        seed: seed, model: try facts(), more: (original?.fields ?? []) + (steering?.facts ?? []))
      let (path, bytes) = try folder.write(kept, name: "\(seed)", text: text)
      try log?.add(bytes, at: path, text)
      if !output.json { try Console.printLine(path.printable) }
      return Made(picture: kept, path: path, seed: seed, text: text, score: scores?[best])
    }
  }

  private func drawn(
    _ settings: GenerationSettings, _ seed: UInt64, _ number: Int, _ guidance: Guidance, _ model: PictureModel,
    _ preview: PreviewFile?
  ) throws -> Picture {
    let total = count * bestOf
    let picture = try model.drawn(
      settings.picture, seed: seed, guidance, from: original?.original,
      what: total == 1 ? "steps" : "picture \(number + 1) of \(total), steps", quiet: output.quiet
    ) { state in try preview?.show(state, settings.picture) }
    return original?.restoring(picture) ?? picture
  }

  /// Writes all pictures side by side, with the first one's settings.
  static func writeGrid(
    of made: [Made], _ title: String, to folder: PictureFolder, quiet: Bool
  ) throws -> FilePath? {
    guard let first = made.first else { return nil }
    let columns = Int(Double(made.count).squareRoot().rounded(.up))
    let cells = made.map { made in
      ContactSheet.Cell(made.picture, caption: "\(made.seed)" + (made.score.map { ", \(rounded($0, 2))" } ?? ""))
    }
    let sheet = ContactSheet(
      title: title, cells: cells, columns: columns, cellSide: min(512, max(first.picture.width, first.picture.height)))
    let path = try folder.write(sheet.drawn(), name: "grid", text: first.text).path
    if !quiet { try Console.printLine(path.printable) }
    return path
  }
}

extension GenerationText {
  /// The settings in the picture at `path`.
  init(ofPicture path: FilePath) throws(FileError) {
    let bytes = try InputFile(path).pictureBytes()
    let texts: [PictureText]
    do throws(PictureError) { texts = try PictureInfo(reading: bytes).texts } catch { throw error.about(path) }
    guard let text = texts.first(where: { $0.key == "parameters" }) else {
      throw FileError(.malformed, path, "carries no settings (a PNG text \"parameters\")")
    }
    self.init(text.value)
  }
}
