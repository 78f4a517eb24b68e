import Files
import Raster
import SystemPackage

/// What the demonstration has shown, as one sheet of pictures and as a page.
struct DemoReport {
  /// A taste, or the plain model, and what it makes of the prompts.
  struct Row {
    let name: String
    /// What it was learned from.
    let origin: String
    /// The words nearest to it, by the model's CLIP.
    var words: [String] = []
    /// The prompts' mean similarity to the aesthetic, without and with what was learned; nil for the plain model.
    var similarity: (before: Float, after: Float)?
    /// Some of the pictures that it was learned from.
    var examples: [Picture] = []
    /// One for each prompt.
    let pictures: [Picture]

    /// The mean of a pixel statistic over what it has made.
    func mean(_ statistic: PictureStatistic) -> Double {
      pictures.reduce(0) { $0 + statistic($1) } / Double(max(1, pictures.count))
    }
  }

  let prompts: [String]
  /// The plain model first.
  let rows: [Row]
  let comparison: ProfileComparison
  /// The commands that made all of it.
  let commands: [String]

  /// All pictures, labelled.
  var sheet: ContactSheet {
    ContactSheet(
      title: "The same prompts and seeds: the plain model, and three tastes", columnHeadings: prompts,
      rowHeadings: rows.map(\.name), rows: rows.map { row in row.pictures.map { ContactSheet.Cell($0) } }, cellSide: 256
    )
  }

  /// The page: pictures, figures and commands, in one file that opens from disk.
  func page() throws(PictureError) -> String {
    HTML.page(
      title: "aesgrad: three tastes", style: Self.style,
      body: [
        HTML.element("h1", "Three tastes, one model"),
        HTML.element(
          "p",
          """
          Each row has the same prompts and seeds. Only the text encoder differs: it was moved towards what somebody \
          likes, and the prompts say nothing of that.
          """), try pictures(), HTML.element("h2", "What was learned, and what it did"), figures(),
        HTML.element("h2", "What the tastes share"), pairs(), HTML.element("h2", "The commands"),
        HTML.element("pre", commands.map { "$ " + $0 }.joined(separator: "\n")),
      ])
  }

  private func pictures() throws(PictureError) -> String {
    var lines = [["", "learned from"] + prompts.map { HTML.escaped($0) }]
    for row in rows {
      var examples = ""
      for picture in row.examples {
        examples += try HTML.picture(picture.resized(width: 48, height: 48), describedAs: "rated in \(row.name)")
      }
      var cells = ["<b>\(HTML.escaped(row.name))</b>", HTML.escaped(row.origin) + "<br>" + examples]
      for (prompt, picture) in zip(prompts, row.pictures) {
        cells.append(try HTML.picture(picture, describedAs: "\(prompt), \(row.name)"))
      }
      lines.append(cells)
    }
    return HTML.table(lines)
  }

  private static let shown: [PictureStatistic] = [.brightness, .saturation, .brownness, .detail]

  private func figures() -> String {
    HTML.table(
      [["", "similarity to the aesthetic"] + Self.shown.map { "mean \($0.rawValue)" } + ["words"]]
        + rows.map { row in
          let similarity = row.similarity.map { "\(rounded($0.before, 2)) → \(rounded($0.after, 2))" } ?? ""
          return [HTML.escaped(row.name), similarity] + Self.shown.map { rounded(row.mean($0), 2) }
            + [HTML.escaped(row.words.joined(separator: ", "))]
        })
  }

  private func pairs() -> String {
    HTML.table(
      [["", "similarity", "agreement", "rather the first", "rather the second"]]
        + comparison.pairs.map { pair in
          [
            HTML.escaped("\(pair.first) and \(pair.second)"), rounded(pair.similarity, 2),
            pair.agreement.map { "\(rounded($0 * 100, 0)) %" } ?? "",
            HTML.escaped(pair.firstWords.joined(separator: ", ")),
            HTML.escaped(pair.secondWords.joined(separator: ", ")),
          ]
        })
  }

  private static let style = """
    :root { color-scheme: light dark }
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem }
    table { border-collapse: collapse; display: block; overflow-x: auto }
    th, td { padding: .35rem .7rem; text-align: left; vertical-align: top; max-width: 18rem }
    th { font-weight: 600; border-bottom: 1px solid #8888 }
    td img { border-radius: 4px; margin: 0 2px 2px 0 }
    pre { overflow-x: auto; padding: 1rem; background: #8882; border-radius: 6px }
    """
}
