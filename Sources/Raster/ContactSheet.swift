/// Pictures in a grid with captions, to be looked at together.
///
/// Each picture is scaled to fit its cell and keeps its proportions. Captions stand below the pictures; columns and rows
/// can have headings, and the sheet a title. Texts that are too long end in an ellipsis.
public struct ContactSheet: Sendable {
  /// One place of the grid.
  public struct Cell: Sendable {
    /// What is shown; nil leaves the place empty.
    public var picture: Picture?
    /// What stands below it.
    public var caption: String

    /// A picture and what stands below it.
    public init(_ picture: Picture?, caption: String = "") {
      self.picture = picture
      self.caption = caption
    }
  }

  /// What stands above everything.
  public var title: String
  /// What stands above each column; empty for nothing.
  public var columnHeadings: [String]
  /// What stands left of each row; empty for nothing.
  public var rowHeadings: [String]
  /// The rows, from the top. They need not be of equal length.
  public var rows: [[Cell]]
  /// The longest side that a picture has on the sheet, in pixels.
  public var cellSide: Int

  /// A sheet of rows and columns that mean something.
  public init(
    title: String = "", columnHeadings: [String] = [], rowHeadings: [String] = [], rows: [[Cell]], cellSide: Int = 256
  ) {
    precondition(cellSide > 0, "cells of \(cellSide) pixels")
    self.title = title
    self.columnHeadings = columnHeadings
    self.rowHeadings = rowHeadings
    self.rows = rows
    self.cellSide = cellSide
  }

  /// A sheet of pictures in a row, broken after every `columns` of them.
  public init(title: String = "", cells: [Cell], columns: Int, cellSide: Int = 256) {
    precondition(columns > 0, "a sheet of \(columns) columns")
    let rows = stride(from: 0, to: cells.count, by: columns).map { Array(cells[$0..<min($0 + columns, cells.count)]) }
    self.init(title: title, rows: rows, cellSide: cellSide)
  }
}

extension ContactSheet {
  private static let ground = Color(red: 247, green: 246, blue: 243)
  private static let ink = Color(red: 44, green: 46, blue: 51)
  private static let softInk = Color(red: 92, green: 95, blue: 102)
  private static let titleStyle = TextStyle(scale: 1.6, pen: 2.5, color: ink)
  private static let headingStyle = TextStyle(scale: 1.15, pen: 1.9, color: ink)
  private static let captionStyle = TextStyle(scale: 1, pen: 1.3, color: softInk)
  private static let margin = 28
  private static let gap = 18
  private static let captionGap = 8

  /// Where things stand: column and row starts, sizes, all in pixels.
  private struct Layout {
    var width = 0
    var height = 0
    var gridLeft = 0
    var headingBaseline = 0
    /// For each row its top, the height of its pictures, and the baseline of its captions.
    var rows: [(top: Int, height: Int, captionBaseline: Int)] = []
  }

  /// The sheet as a picture.
  public func drawn() -> Picture {
    let fitted = rows.map { row in row.map { cell in cell.picture.map(scaled) } }
    let layout = layout(of: fitted)
    var canvas = Canvas(width: layout.width, height: layout.height, ground: Self.ground)
    let titleLine = Self.titleStyle.fitted(title, to: layout.width - 2 * Self.margin)
    canvas.write(
      titleLine, left: Self.margin, baseline: Self.margin + Self.titleStyle.ascent, style: Self.titleStyle)
    for (column, heading) in columnHeadings.enumerated() {
      writeCentered(heading, inColumn: column, layout.headingBaseline, Self.headingStyle, layout, &canvas)
    }
    for (index, row) in layout.rows.enumerated() {
      if index < rowHeadings.count {
        let text = Self.headingStyle.fitted(rowHeadings[index], to: rowHeadingWidth)
        let baseline = row.top + (row.height + Self.headingStyle.ascent) / 2
        canvas.write(text, left: Self.margin, baseline: baseline, style: Self.headingStyle)
      }
      for (column, cell) in rows[index].enumerated() {
        if let picture = fitted[index][column] {
          let left = columnLeft(column, layout) + (cellSide - picture.width) / 2
          canvas.place(picture, left: left, top: row.top + (row.height - picture.height) / 2)
        }
        writeCentered(cell.caption, inColumn: column, row.captionBaseline, Self.captionStyle, layout, &canvas)
      }
    }
    return canvas.picture
  }

  /// The picture at the size it has on the sheet.
  private func scaled(_ picture: Picture) -> Picture {
    let scale = Double(cellSide) / Double(max(picture.width, picture.height))
    return picture.resized(
      width: max(1, Int((Double(picture.width) * scale).rounded())),
      height: max(1, Int((Double(picture.height) * scale).rounded())))
  }

  private func layout(of fitted: [[Picture?]]) -> Layout {
    var layout = Layout()
    let columns = max(1, rows.map(\.count).max() ?? 0, columnHeadings.count)
    layout.gridLeft = Self.margin + (rowHeadings.isEmpty ? 0 : rowHeadingWidth + Self.gap)
    layout.width = layout.gridLeft + columns * (cellSide + Self.gap) - Self.gap + Self.margin
    var top = Self.margin
    if !title.isEmpty { top += Self.titleStyle.height + Self.gap }
    if !columnHeadings.isEmpty {
      layout.headingBaseline = top + Self.headingStyle.ascent
      top += Self.headingStyle.height + Self.captionGap
    }
    for (index, row) in rows.enumerated() {
      let height = fitted[index].compactMap { $0?.height }.max() ?? Self.headingStyle.height
      let hasCaptions = row.contains { !$0.caption.isEmpty }
      layout.rows.append((top, height, top + height + Self.captionGap + Self.captionStyle.ascent))
      top += height + Self.gap + (hasCaptions ? Self.captionGap + Self.captionStyle.height : 0)
    }
    layout.height = max(top - Self.gap, Self.margin) + Self.margin
    return layout
  }

  /// Row headings take what the longest needs, but no more than a cell.
  private var rowHeadingWidth: Int {
    min(cellSide, rowHeadings.map { Self.headingStyle.width(of: $0) }.max() ?? 0)
  }

  private func columnLeft(_ column: Int, _ layout: Layout) -> Int {
    layout.gridLeft + column * (cellSide + Self.gap)
  }

  private func writeCentered(
    _ text: String, inColumn column: Int, _ baseline: Int, _ style: TextStyle, _ layout: Layout, _ canvas: inout Canvas
  ) {
    let line = style.fitted(text, to: cellSide)
    let left = columnLeft(column, layout) + max(0, (cellSide - style.width(of: line)) / 2)
    canvas.write(line, left: left, baseline: baseline, style: style)
  }
}
