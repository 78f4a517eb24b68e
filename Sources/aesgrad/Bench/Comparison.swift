import Files
import Foundation
import SystemPackage
import TensorKit

/// One piece of work: our time, what the machine allows, and what others need in the same run.
struct Comparison: Encodable {
  /// Our seconds, the middle of several runs between those of the others.
  let seconds: Double
  /// What this machine could do it in at best, where that is known: the middle of several measurements beside ours.
  let limit: Double?
  /// The others' seconds by their names.
  var peers: [String: Double] = [:]

  /// Times ways of our own, each of which stands for `count` pieces of work, and the others in turn with them, since a shared
  /// machine's speed drifts; so what the machine allows for one piece is measured as often, too.
  static func inTurn(
    _ ways: [(limit: (() throws -> Double)?, work: () throws -> Void)], _ others: [Peer], scripts: FilePath?,
    quiet: Bool,
    count: Int = 1
  ) throws -> [Comparison] {
    var times = [[Double]](repeating: [], count: ways.count)
    var limits = times
    func measure() throws {
      for (index, way) in ways.enumerated() {
        if let limit = way.limit { limits[index].append(try limit()) }
        times[index] += try Stopwatch.times(way.work)
      }
    }
    try measure()
    var peers: [String: Double] = [:]
    for peer in others {
      guard let scripts else { break }
      if !quiet { Console.note("measuring \(peer.name)") }
      let python = ProcessInfo.processInfo.environment["AESGRAD_PYTHON"] ?? "python3"
      if let seconds = try peer.seconds(scripts: scripts, python: python) {
        peers[peer.name] = seconds
      } else if !quiet {
        Console.note("\(peer.name) cannot run here: \(scripts.printable) needs the packages in its requirements.txt")
      }
      try measure()
    }
    return zip(limits, times).map { limits, times in
      Comparison(
        seconds: Stopwatch.median(times) / Double(count), limit: limits.isEmpty ? nil : Stopwatch.median(limits),
        peers: peers)
    }
  }

  /// A table of two columns for people to read.
  func table(_ title: String) -> String {
    var lines = [title, Self.line("aesgrad", seconds, "")]
    if let limit {
      lines.append(Self.line("the machine's limit", limit, "aesgrad takes \(rounded(seconds / limit, 2)) times that"))
    }
    for (name, time) in peers.sorted(by: { $0.key < $1.key }) {
      lines.append(Self.line(name, time, "aesgrad is \(rounded(time / seconds, 2)) times as fast"))
    }
    return lines.joined(separator: "\n")
  }

  private static func line(_ name: String, _ seconds: Double, _ remark: String) -> String {
    let label = name + String(repeating: " ", count: max(1, 25 - name.count))
    return label + rounded(seconds, 3) + (remark.isEmpty ? "" : "  (\(remark))")
  }
}
