/// Pixels being painted on.
struct Canvas {
  let width: Int
  let height: Int
  private var pixels: [UInt8]

  init(width: Int, height: Int, ground: Color) {
    self.width = width
    self.height = height
    pixels = Picture(width: width, height: height, filledWith: ground).pixels
  }

  var picture: Picture { Picture(width: width, height: height, pixels: pixels) }

  /// Lays `picture` with its first corner at column `left` of row `top`. It must fit.
  mutating func place(_ picture: Picture, left: Int, top: Int) {
    for row in 0..<picture.height {
      let target = ((top + row) * width + left) * 3
      let source = row * picture.width * 3
      pixels.replaceSubrange(
        target..<target + picture.width * 3, with: picture.pixels[source..<source + picture.width * 3])
    }
  }

  /// Writes `text` with its first letter at `left` and its baseline just above row `baseline`; what does not fit on the
  /// canvas is not painted.
  mutating func write(_ text: String, left: Int, baseline: Int, style: TextStyle) {
    var position = Double(left)
    for glyph in StrokeFont.glyphs(text) {
      draw(glyph, left: position, baseline: Double(baseline), style: style)
      position += Double(glyph.advance) * style.scale
    }
  }

  private mutating func draw(_ glyph: StrokeFont.Glyph, left: Double, baseline: Double, style: TextStyle) {
    // Lines of the grid run through the middle of pixels.
    let lines = glyph.lines.map { line in
      StrokeFont.Line(
        x0: left + (line.x0 + 0.5) * style.scale, y0: baseline - (line.y0 + 0.5) * style.scale,
        x1: left + (line.x1 + 0.5) * style.scale, y1: baseline - (line.y1 + 0.5) * style.scale)
    }
    draw(lines, pen: style.pen, color: style.color)
  }

  /// Draws a line through `points`, columns and rows, with a round pen.
  mutating func stroke(_ points: [(Double, Double)], pen: Double, color: Color) {
    for (from, to) in zip(points, points.dropFirst()) {
      draw([StrokeFont.Line(x0: from.0, y0: from.1, x1: to.0, y1: to.1)], pen: pen, color: color)
    }
  }

  private mutating func draw(_ lines: [StrokeFont.Line], pen: Double, color: Color) {
    let reach = pen / 2 + 1
    let columns = Self.range(lines.flatMap { [$0.x0, $0.x1] }, reach, limit: width)
    // The nearest line decides, so that lines that meet do not darken each other's edges.
    for y in Self.range(lines.flatMap { [$0.y0, $0.y1] }, reach, limit: height) {
      for x in columns {
        let nearest = lines.map { $0.squaredDistance(Double(x) + 0.5, Double(y) + 0.5) }.min() ?? .infinity
        cover(x, y, color, min(1, pen / 2 + 0.5 - nearest.squareRoot()))
      }
    }
  }

  private static func range(_ places: [Double], _ reach: Double, limit: Int) -> Range<Int> {
    guard let first = places.min(), let last = places.max() else { return 0..<0 }
    let low = min(limit, max(0, Int((first - reach).rounded(.down))))
    return low..<max(low, min(limit, Int((last + reach).rounded(.up))))
  }

  private mutating func cover(_ x: Int, _ y: Int, _ color: Color, _ share: Double) {
    guard share > 0 else { return }
    let first = (y * width + x) * 3
    for (offset, value) in [color.red, color.green, color.blue].enumerated() {
      let below = Double(pixels[first + offset])
      pixels[first + offset] = UInt8((below + (Double(value) - below) * share).rounded())
    }
  }
}

/// How a text looks.
struct TextStyle {
  /// Pixels in a unit of the font's grid.
  var scale: Double
  /// The width of the pen, in pixels.
  var pen: Double
  /// The colour.
  var color: Color

  /// From the top of tall letters to the bottom of tails, in pixels.
  var height: Int { Int((15 * scale).rounded(.up)) }
  /// From the top of tall letters to the baseline, in pixels.
  var ascent: Int { Int((12 * scale).rounded(.up)) }

  /// How wide `text` is, in pixels.
  func width(of text: String) -> Int {
    Int((Double(StrokeFont.glyphs(text).reduce(0) { $0 + $1.advance }) * scale).rounded(.up))
  }

  /// `text`, with its end replaced by an ellipsis if it is wider than `limit` pixels.
  func fitted(_ text: String, to limit: Int) -> String {
    guard width(of: text) > limit else { return text }
    let room = Double(limit - width(of: "…")) / scale
    var used = 0
    let kept = text.prefix { character in
      used += StrokeFont.glyphs(String(character)).reduce(0) { $0 + $1.advance }
      return Double(used) <= room
    }
    let end = kept.lastIndex { $0 != " " }
    return kept[..<(end.map { kept.index(after: $0) } ?? kept.startIndex)] + "…"
  }
}
