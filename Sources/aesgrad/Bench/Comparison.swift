import Files
import Foundation
import SystemPackage
import TensorKit

/// One piece of work: our time, what the machine allows, and what others need in the same run.
struct Comparison: Encodable {
  /// Our seconds, the middle of several runs between those of the others.
  let seconds: Double
  /// What this machine could do it in at best, where that is known.
  let limit: Double?
  /// The others' seconds by their names.
  var peers: [String: Double] = [:]

  /// Times `work`, which stands for `count` pieces, and the others in turn with it, since a shared machine's speed drifts.
  init(
    _ others: [Peer], scripts: FilePath?, quiet: Bool, count: Int = 1, limit: Double? = nil, _ work: () throws -> Void
  ) throws {
    var times = try Stopwatch.times(work)
    for peer in scripts == nil ? [] : others {
      guard let scripts else { break }
      if !quiet { Console.note("measuring \(peer.name)") }
      let python = ProcessInfo.processInfo.environment["AESGRAD_PYTHON"] ?? "python3"
      if let seconds = try peer.seconds(scripts: scripts, python: python) {
        peers[peer.name] = seconds
      } else if !quiet {
        Console.note("\(peer.name) cannot run here: \(scripts.printable) needs the packages in its requirements.txt")
      }
      times += try Stopwatch.times(work)
    }
    seconds = Stopwatch.median(times) / Double(count)
    self.limit = limit
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
