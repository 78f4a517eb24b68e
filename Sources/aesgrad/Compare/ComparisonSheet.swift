import Aesthetic
import Files
import Raster
import SystemPackage

/// One picture with what profiles like best, and where each two of them differ most.
struct ComparisonSheet {
  private let sheet: ContactSheet

  private static let cellSide = 128

  /// A prompt, and what became of it under each of these names.
  typealias Samples = (prompt: String, pictures: [(name: String, picture: Picture)])

  init(_ comparison: ProfileComparison, samples: Samples? = nil, in store: Store) throws {
    var rows: [(heading: String, pictures: [String])] = comparison.profiles.map { ($0.profile, $0.favourites) }
    for pair in comparison.pairs {
      rows.append(("\(pair.first), not \(pair.second)", pair.firstOnly))
      rows.append(("\(pair.second), not \(pair.first)", pair.secondOnly))
    }
    let records = Dictionary(
      try store.pictures(Array(Set(rows.flatMap(\.pictures)))).map { ($0.hash, $0) }
    ) { first, _ in first }
    var cells = rows.map { row in
      row.pictures.map { hash in
        let record = records[hash]
        return ContactSheet.Cell(
          record.flatMap { try? Picture(decoding: $0.thumbnail) },
          caption: record?.path.lastComponent.map { ByteString($0.string).description } ?? "")
      }
    }
    var headings = rows.map(\.heading)
    if let samples {
      headings.insert(samples.prompt, at: 0)
      cells.insert(samples.pictures.map { ContactSheet.Cell($0.picture, caption: $0.name) }, at: 0)
    }
    let names = comparison.profiles.map(\.profile).joined(separator: ", ")
    sheet = ContactSheet(
      title: "What \(names) like best, and where they differ", rowHeadings: headings, rows: cells,
      cellSide: Self.cellSide)
  }

  func drawn() -> Picture { sheet.drawn() }
}
