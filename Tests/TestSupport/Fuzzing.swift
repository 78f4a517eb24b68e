import Files
import Foundation
public import SystemPackage
public import Testing

/// Gives `read` spoilt variants of `seeds` as files, one after the other, and stops at the first that takes more than a
/// second, or more memory than ten times its size and two mebibytes, or makes `read` throw anything but a `FileError`.
/// The two mebibytes are for what the process itself touches now and then; runs on small files stay below one.
///
/// Memory is that of the whole process, so this belongs into a process of its own, where a crash is noticed too:
/// ```
/// let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) { fuzz(…) { … } }
/// expectPassed(result)
/// ```
public func fuzz(_ seeds: [[UInt8]], seed: UInt64 = 1, _ read: (FilePath) throws -> Void) throws {
  keepNoFreeMemory()
  try withTemporaryFolder { folder in
    let path = folder.appending("file")
    var report = Report()
    for bytes in Mutations(of: seeds, seed: seed) {
      try Data(bytes).write(to: URL(filePath: path.string))
      do {
        try report.measure(bytes.count) { try read(path) }
      } catch {
        let hexadecimal = bytes.map { String($0, radix: 16) }.joined(separator: " ")
        return log("fuzz failed: \(error); \(bytes.count) bytes: \(hexadecimal)")
      }
    }
    log("fuzz passed: \(report)")
  }
}

/// Expects that a process ran `fuzz` to its end, and prints its figures.
public func expectPassed(_ result: ExitTest.Result?, sourceLocation: SourceLocation = #_sourceLocation) {
  let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  let line = text.split(separator: "\n").last { $0.hasPrefix("fuzz ") } ?? "the process ended early"
  print(line)
  #expect(line.hasPrefix("fuzz passed"), "\(line)", sourceLocation: sourceLocation)
}

/// What a reader did with spoilt files.
private struct Report: CustomStringConvertible {
  private var accepted = 0
  private var refused = 0
  private var slowest = Duration.zero
  private var largest = 0

  struct Excess: Error, CustomStringConvertible { let description: String }

  var description: String {
    "\(accepted) accepted, \(refused) refused, slowest \(slowest), most memory \(largest >> 10) KiB"
  }

  mutating func measure(_ count: Int, _ body: () throws -> Void) throws {
    let before = residentMemory(resettingPeak: true).current
    let time = try processorTime {
      do {
        try body()
        accepted += 1
      } catch is FileError {
        refused += 1
      }
    }
    let used = residentMemory(resettingPeak: false).peak - before
    slowest = max(slowest, time)
    largest = max(largest, used)
    guard time < .seconds(1), used <= 10 * count + 2 << 20 else {
      throw Excess(description: "it took \(time) and \(used >> 10) KiB")
    }
  }
}

private func log(_ line: String) { FileHandle.standardError.write(Data("\(line)\n".utf8)) }

/// Makes memory go back to the system when it is freed; otherwise a second large block would not show.
private func keepNoFreeMemory() {
  // Swift's view of the C library lacks this function and its constants (malloc.h).
  let (trimThreshold, mapThreshold): (CInt, CInt) = (-1, -3)
  guard let symbol = unsafe dlsym(nil, "mallopt") else { return }
  let mallopt = unsafe unsafeBitCast(symbol, to: (@convention(c) (CInt, CInt) -> CInt).self)
  _ = mallopt(mapThreshold, 1 << 16)
  _ = mallopt(trimThreshold, 0)
}

/// The process's resident memory now and at its peak, in bytes.
private func residentMemory(resettingPeak: Bool) -> (current: Int, peak: Int) {
  if resettingPeak { try? Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs")) }
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  func kibibytes(_ name: String) -> Int {
    let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
    return line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0
  }
  return (kibibytes("VmRSS") << 10, kibibytes("VmHWM") << 10)
}
