/// Rows of texts with their columns below each other, two blanks between; numbers stand at the right of theirs.
func table(_ rows: [[String]]) -> String {
  let columns = rows.map(\.count).max() ?? 0
  let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
  return rows.map { row in
    let cells = row.enumerated().map { column, text in
      let blanks = String(repeating: " ", count: widths[column] - text.count)
      let isNumber = text.allSatisfy { $0.isNumber || $0 == "." || $0 == "-" || $0 == "+" } && !text.isEmpty
      return isNumber ? blanks + text : column == row.count - 1 ? text : text + blanks
    }
    return cells.joined(separator: "  ")
  }.joined(separator: "\n")
}
