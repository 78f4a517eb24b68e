/// A line on standard error that says how far long work has come: count, bar, time passed and left, rate.
///
/// There is none where standard error is not a terminal. It has no colours, so there is nothing for `NO_COLOR` to undo.
final class Progress {
  private let what: String
  private let total: Int
  private let columns: Int?
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastDrawn: ContinuousClock.Instant?
  private var done = 0

  /// A line about `total` pieces of work, gone again once `body` returns or throws.
  static func over<Result>(
    _ total: Int, _ what: String, quiet: Bool, _ body: (Progress) throws -> Result
  ) rethrows -> Result {
    let progress = Progress(total, what, columns: quiet || total == 0 ? nil : Console.errorColumns)
    defer { progress.erase() }
    progress.draw()
    return try body(progress)
  }

  private init(_ total: Int, _ what: String, columns: Int?) {
    self.total = total
    self.what = what
    self.columns = columns
    start = clock.now
  }

  /// `count` more pieces are done.
  func advance(by count: Int = 1) {
    done += count
    // Ten times a second is as often as anybody can read.
    if let lastDrawn, clock.now - lastDrawn < .milliseconds(100), done < total { return }
    draw()
  }

  /// Writes lines for people above the progress line.
  func note(_ lines: [String]) {
    erase()
    for line in lines { Console.note(line) }
    if columns != nil { draw() }
  }

  private func draw() {
    guard let columns else { return }
    lastDrawn = clock.now
    let line = Progress.line(what, done: done, of: total, seconds: (clock.now - start).seconds, columns: columns)
    Interruption.noteLine(drawn: true)
    Console.writeError("\r\u{1B}[K" + line)
  }

  private func erase() {
    guard columns != nil else { return }
    Console.writeError("\r\u{1B}[K")
    Interruption.noteLine(drawn: false)
  }

  /// The line as it is drawn, shorter than `columns`: `pictures:  40%|████      | 4/10 [00:02<00:03, 2.0/s]`.
  static func line(_ what: String, done: Int, of total: Int, seconds: Double, columns: Int) -> String {
    let share = Double(done) / Double(max(total, 1))
    let percent = String(Int(share * 100))
    let left = done == 0 ? "?" : time(seconds / Double(done) * Double(total - done))
    let head = "\(what): " + String(repeating: " ", count: max(0, 3 - percent.count)) + percent + "%"
    let tail = " \(done)/\(total) [\(time(seconds))<\(left), \(rate(done, seconds))]"
    let room = min(30, columns - 1 - head.count - tail.count - 2)
    if room < 4 { return String((head + tail).prefix(max(0, columns - 1))) }
    return head + "|" + bar(share, width: room) + "|" + tail
  }

  /// `width` characters of which `share` are filled, to an eighth of a character.
  private static func bar(_ share: Double, width: Int) -> String {
    let eighths = Int(share * Double(width) * 8)
    let part = eighths % 8 == 0 ? "" : ["▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8 - 1]
    let filled = String(repeating: "█", count: eighths / 8) + part
    return filled + String(repeating: " ", count: width - filled.count)
  }

  private static func rate(_ done: Int, _ seconds: Double) -> String {
    guard done > 0, seconds > 0 else { return "?/s" }
    let rate = Double(done) / seconds
    return rate < 1 ? "\((10 / rate).rounded() / 10) s each" : "\((rate * 10).rounded() / 10)/s"
  }

  private static func time(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    let parts = whole < 3600 ? [whole / 60, whole % 60] : [whole / 3600, whole / 60 % 60, whole % 60]
    return parts.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }
}

extension Duration {
  /// The duration in seconds.
  var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
