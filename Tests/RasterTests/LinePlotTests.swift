import Raster
import Testing

@Suite struct LinePlotTests {
  /// Layout constants: the axes' corner is at column 70 of row 500, 620 columns and 400 rows from the opposite one.
  @Test("a curve runs where its values say, on a logarithmic axis")
  func place() {
    // From 0.5 at x = 1 to 0.55 at x = 100; the axis goes from 50 % to 55 %, so x = 10, half way, is at 52.5 %, at row 300,
    // and the pixel above that is covered wholly.
    let curve = LinePlot.Series(name: "first", points: [(1, 0.5), (100, 0.55)])
    let picture = LinePlot(title: "t", xLabel: "x", yLabel: "y", series: [curve]).drawn()
    let blue = Color(red: 0, green: 114, blue: 178)
    #expect(picture[380, 299] == blue)
    #expect(picture[380, 330] != blue && picture[380, 270] != blue)
  }

  @Test("no points, one point, and points that are no numbers are no obstacle")
  func degenerate() {
    for points in [[], [(5.0, 0.5)], [(5, .nan), (-1, 0.3), (0, 0.2), (.infinity, 0.5), (10, 0.7)]] {
      let plot = LinePlot(title: "", xLabel: "", yLabel: "", series: [.init(name: "", points: points)])
      #expect(plot.drawn().width == 1020)
    }
  }
}
