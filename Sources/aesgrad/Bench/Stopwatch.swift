/// Times work as it is when everything is warm.
enum Stopwatch {
  /// The times of `runs` runs of `body` in seconds, after one that is not counted: it pages in memory and wakes threads.
  static func times(runs: Int = 3, _ body: () throws -> Void) throws -> [Double] {
    let clock = ContinuousClock()
    var times: [Double] = []
    for run in 0...runs {
      try Interruption.check()
      let time = try clock.measure(body).seconds
      if run > 0 { times.append(time) }
    }
    return times
  }

  /// The middle one of some times.
  static func median(_ times: [Double]) -> Double { times.sorted()[times.count / 2] }
}
