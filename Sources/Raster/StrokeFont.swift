/// The lettering of contact sheets: a proportional sans serif of our own, drawn with a round pen.
///
/// A letter is a few lines and arcs on a grid of whole pixels at size 1: baseline 0, small letters 7 high, capitals 10,
/// stems to 11, tails to -3. Lines lie in the middle of pixels there, so that small text is crisp.
enum StrokeFont {
  /// A part of a letter, in grid units, y upwards.
  struct Line {
    let x0: Double
    let y0: Double
    let x1: Double
    let y1: Double

    /// How far a point is from the nearest point of the line, squared.
    func squaredDistance(_ x: Double, _ y: Double) -> Double {
      let (dx, dy) = (x1 - x0, y1 - y0)
      let square = dx * dx + dy * dy
      let along = square == 0 ? 0 : min(1, max(0, ((x - x0) * dx + (y - y0) * dy) / square))
      let (awayX, awayY) = (x - x0 - along * dx, y - y0 - along * dy)
      return awayX * awayX + awayY * awayY
    }
  }

  /// A letter ready to be drawn.
  struct Glyph {
    /// How far the next letter is, in grid units.
    let advance: Int
    let lines: [Line]
  }

  /// The glyphs of a text. Accented Latin letters become plain ones; what is unknown becomes a box.
  static func glyphs(_ text: String) -> [Glyph] {
    text.unicodeScalars.flatMap { scalar in plain(scalar).map { table[$0] ?? box } }
  }

  private static let box = Glyph("8 L 0 0 0 10 5 10 5 0 0 0")
  private static let table = Dictionary(
    uniqueKeysWithValues: StrokeFontShapes.all.map { ($0, Glyph($1)) })

  /// The characters of the table that stand for `scalar`.
  private static func plain(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    if table[scalar] != nil { return [scalar] }
    if let replacement = replacements[scalar] { return Array(replacement.unicodeScalars) }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return []
    case .control, .spaceSeparator, .lineSeparator, .paragraphSeparator: return [" "]
    default: break
    }
    // Unicode's names say what a letter is made of: LATIN SMALL LETTER E WITH ACUTE.
    let words = scalar.properties.name?.split(separator: " ") ?? []
    guard words.count > 4, words[0] == "LATIN", words[2] == "LETTER", words[4] == "WITH", words[3].count == 1 else {
      return [scalar]
    }
    let letter = words[1] == "SMALL" ? words[3].lowercased() : String(words[3])
    return Array(letter.unicodeScalars)
  }

  private static let replacements: [Unicode.Scalar: String] = [
    "\u{2018}": "'", "\u{2019}": "'", "\u{201C}": "\"", "\u{201D}": "\"", "\u{2013}": "-", "\u{2014}": "-",
    "\u{2212}": "-", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ı": "i", "ł": "l", "Ł": "L",
  ]
}

extension StrokeFont.Glyph {
  /// Reads the advance, then shapes: `L` and points for lines from each to the next (one point for a dot); `O`, centre,
  /// radii, first and last angle in degrees for an arc, counter-clockwise if the last is larger.
  fileprivate init(_ description: String) {
    let words = description.split(separator: " ")
    var lines: [StrokeFont.Line] = []
    var numbers: [Double] = []
    for word in words.dropFirst().reversed() {
      if let number = Double(word) {
        numbers.insert(number, at: 0)
      } else {
        lines += Self.lines(through: word == "O" ? Self.arc(numbers) : numbers)
        numbers = []
      }
    }
    self.init(advance: words.first.flatMap { Int($0) } ?? 0, lines: lines)
  }

  private static func lines(through points: [Double]) -> [StrokeFont.Line] {
    let ends = points.count == 2 ? points + points : points
    return stride(from: 0, to: ends.count - 3, by: 2).map {
      StrokeFont.Line(x0: ends[$0], y0: ends[$0 + 1], x1: ends[$0 + 2], y1: ends[$0 + 3])
    }
  }

  /// Points along an ellipse, every 10 degrees or closer.
  private static func arc(_ numbers: [Double]) -> [Double] {
    let (from, to) = (numbers[4], numbers[5])
    let count = max(1, Int((abs(to - from) / 10).rounded(.up)))
    return (0...count).flatMap { step in
      let (cosine, sine) = circle(from + (to - from) * Double(step) / Double(count))
      return [numbers[0] + numbers[2] * cosine, numbers[1] + numbers[3] * sine]
    }
  }

  /// Cosine and sine of an angle in degrees, by turning in steps of a sixteenth of it: good to a thousandth of a pixel,
  /// and without a mathematics library whose last digits differ between systems.
  private static func circle(_ degrees: Double) -> (Double, Double) {
    let angle = degrees * 3.141_592_653_589_793 / 180 / 16
    let square = angle * angle
    let cosine = 1 - square / 2 * (1 - square / 12 * (1 - square / 30))
    let sine = angle * (1 - square / 6 * (1 - square / 20 * (1 - square / 42)))
    var (x, y) = (1.0, 0.0)
    for _ in 0..<16 { (x, y) = (x * cosine - y * sine, x * sine + y * cosine) }
    return (x, y)
  }
}
