import Raster
import Testing

@Suite struct ContactSheetTests {
  private let red = Picture(width: 100, height: 50, filledWith: Color(red: 200, green: 0, blue: 0))
  private let blue = Picture(width: 30, height: 60, filledWith: Color(red: 0, green: 0, blue: 200))

  /// How many pixels of a rectangle differ from the sheet's first pixel, its ground.
  private func inked(_ sheet: Picture, columns: Range<Int>, rows: Range<Int>) -> Int {
    rows.reduce(0) { sum, y in sum + columns.filter { x in sheet[x, y] != sheet[0, 0] }.count }
  }

  private func width(of color: Color, in sheet: Picture) -> (columns: Int, rows: Int) {
    let places = (0..<sheet.height).flatMap { y in (0..<sheet.width).filter { sheet[$0, y] == color }.map { ($0, y) } }
    return (Set(places.map(\.0)).count, Set(places.map(\.1)).count)
  }

  @Test("pictures fill their cells, keep their proportions and do not overlap")
  func cells() {
    let sheet = ContactSheet(cells: [.init(red), .init(blue), .init(nil)], columns: 3, cellSide: 80).drawn()
    #expect(width(of: red[0, 0], in: sheet) == (80, 40))
    #expect(width(of: blue[0, 0], in: sheet) == (40, 80))
    #expect(sheet.width > 3 * 80 && sheet.height > 80 && sheet.height < 160)
  }

  @Test("a caption stands below its own picture and nowhere else")
  func captions() {
    let plain = ContactSheet(cells: [.init(red), .init(blue)], columns: 2, cellSide: 80).drawn()
    let captioned = ContactSheet(cells: [.init(red), .init(blue, caption: "blue")], columns: 2, cellSide: 80).drawn()
    #expect(captioned.width == plain.width && captioned.height > plain.height)
    let below = plain.height - 28..<captioned.height
    #expect(inked(captioned, columns: 0..<captioned.width / 2, rows: below) == 0)
    #expect(inked(captioned, columns: captioned.width / 2..<captioned.width, rows: below) > 50)
  }

  @Test("texts too long for their place end in an ellipsis within it")
  func ellipsis() {
    func sheet(_ caption: String) -> Picture {
      ContactSheet(cells: [.init(blue, caption: caption)], columns: 1, cellSide: 80).drawn()
    }
    let long = sheet("a caption much longer than its picture is wide")
    #expect(long == sheet("a caption much longer than its picture is tall"))
    #expect(long != sheet("a caption"))
    #expect(inked(long, columns: 0..<27, rows: 0..<long.height) == 0)
    #expect(inked(long, columns: long.width - 27..<long.width, rows: 0..<long.height) == 0)
  }

  @Test("letters with accents are drawn without them, unknown ones as boxes, and each printable one differs")
  func letters() {
    func line(_ text: String) -> Picture {
      ContactSheet(cells: [.init(nil, caption: text)], columns: 1, cellSide: 200).drawn()
    }
    #expect(line("Crème brûlée, Ångström") == line("Creme brulee, Angstrom"))
    #expect(line("e\u{301}") == line("e"))
    #expect(line("日") == line("本") && line("日") != line("a"))
    #expect(line("a\nb") == line("a b"))
    let printable = (0x21...0x7E).compactMap { Unicode.Scalar($0) }.map { line(String(Character($0))) }
    #expect(printable.count == 94 && Set(printable).count == 94)
    #expect(!printable.contains(line("日")) && !printable.contains(line(" ")))
  }

  @Test("headings and a title take their own room, and an empty sheet is still a picture")
  func headings() {
    let rows = [[ContactSheet.Cell(red)], [ContactSheet.Cell(blue)]]
    let bare = ContactSheet(rows: rows, cellSide: 80).drawn()
    let full = ContactSheet(
      title: "Two", columnHeadings: ["colour"], rowHeadings: ["red", "blue"], rows: rows, cellSide: 80
    ).drawn()
    #expect(full.width > bare.width && full.height > bare.height)
    #expect(width(of: red[0, 0], in: full) == (80, 40))
    #expect(inked(full, columns: 28..<full.width, rows: 28..<60) > 50)
    let empty = ContactSheet(rows: []).drawn()
    #expect(inked(empty, columns: 0..<empty.width, rows: 0..<empty.height) == 0)
  }
}
