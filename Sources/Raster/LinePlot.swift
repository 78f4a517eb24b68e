import Glibc

/// Curves over a logarithmic axis, such as accuracy over the number of ratings.
public struct LinePlot: Sendable {
  /// One curve.
  public struct Series: Sendable {
    /// What the legend calls it.
    public var name: String
    /// From left to right; x above 0.
    public var points: [(x: Double, y: Double)]

    /// A curve through these points.
    public init(name: String, points: [(x: Double, y: Double)]) {
      self.name = name
      self.points = points
    }
  }

  /// What stands above it.
  public var title: String
  /// What x is.
  public var xLabel: String
  /// What y is, a share between 0 and 1.
  public var yLabel: String
  /// The curves, in the order of the legend.
  public var series: [Series]

  /// A plot of these curves.
  public init(title: String, xLabel: String, yLabel: String, series: [Series]) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.series = series
  }

  // Distinct to people who cannot tell red from green, too (Okabe and Ito 2008).
  private static let colors = [
    Color(red: 0, green: 114, blue: 178), Color(red: 230, green: 159, blue: 0), Color(red: 0, green: 158, blue: 115),
    Color(red: 204, green: 121, blue: 167), Color(red: 213, green: 94, blue: 0), Color(red: 86, green: 180, blue: 233),
    Color(red: 60, green: 60, blue: 60), Color(red: 150, green: 120, blue: 60),
  ]
  private static let ground = Color(red: 255, green: 255, blue: 255)
  private static let ink = Color(red: 44, green: 46, blue: 51)
  private static let grid = Color(red: 224, green: 224, blue: 224)
  private static let text = TextStyle(scale: 1, pen: 1.3, color: ink)
  private static let heading = TextStyle(scale: 1.6, pen: 2.5, color: ink)
  private static let (left, top, width, height) = (70, 100, 620, 400)
  private static let legendWidth = 330

  /// The plot as a picture.
  public func drawn() -> Picture {
    var canvas = Canvas(
      width: Self.left + Self.width + Self.legendWidth, height: Self.top + Self.height + 70, ground: Self.ground)
    let points = series.flatMap(\.points).filter { $0.x > 0 && $0.x.isFinite && $0.y.isFinite }
    let (low, high) = (points.map(\.x).min() ?? 1, points.map(\.x).max() ?? 2)
    let floor = ((points.map(\.y).min() ?? 0) * 20).rounded(.down) / 20
    let ceiling = max(floor + 0.05, ((points.map(\.y).max() ?? 1) * 20).rounded(.up) / 20)
    func place(_ x: Double, _ y: Double) -> (Double, Double) {
      let along = high > low ? log(x / low) / log(high / low) : 0.5
      return (
        Double(Self.left) + along * Double(Self.width),
        Double(Self.top) + (ceiling - y) / (ceiling - floor) * Double(Self.height)
      )
    }
    canvas.write(title, left: Self.left, baseline: 40, style: Self.heading)
    canvas.write(yLabel, left: Self.left, baseline: Self.top - 18, style: Self.text)
    for step in 0...Int(((ceiling - floor) * 20).rounded()) {
      let y = floor + Double(step) / 20
      canvas.stroke([place(low, y), place(high, y)], pen: 1, color: Self.grid)
      let label = "\(Int((y * 100).rounded())) %"
      canvas.write(
        label, left: Self.left - 10 - Self.text.width(of: label), baseline: Int(place(low, y).1) + 5, style: Self.text)
    }
    for x in Set(points.map(\.x)).sorted() where [1, 2, 5].contains(x / pow(10, log10(x).rounded(.down))) {
      canvas.stroke([place(x, floor), place(x, ceiling)], pen: 1, color: Self.grid)
      let label = "\(Int(x))"
      canvas.write(
        label, left: Int(place(x, floor).0) - Self.text.width(of: label) / 2, baseline: Self.top + Self.height + 22,
        style: Self.text)
    }
    canvas.write(
      xLabel, left: Self.left + (Self.width - Self.text.width(of: xLabel)) / 2, baseline: Self.top + Self.height + 50,
      style: Self.text)
    for (number, curve) in series.enumerated() {
      let color = Self.colors[number % Self.colors.count]
      canvas.stroke(
        curve.points.filter { $0.x > 0 && $0.x.isFinite && $0.y.isFinite }.map { place($0.x, $0.y) }, pen: 2.2,
        color: color)
      let (start, row) = (Self.left + Self.width + 24, Self.top + 12 + 24 * number)
      canvas.stroke([(Double(start), Double(row)), (Double(start + 22), Double(row))], pen: 3, color: color)
      canvas.write(
        Self.text.fitted(curve.name, to: Self.legendWidth - 70), left: start + 32, baseline: row + 5, style: Self.text)
    }
    return canvas.picture
  }
}
