import Foundation
import Raster
import SystemPackage
import TestSupport
import Testing

/// Broken files for each reader, in processes of their own, so that a crash fails the test and nothing else, and so that
/// the memory that is measured is the readers' alone.
@Suite(.serialized) struct FuzzTests {
  @Test("broken PNG files do no harm")
  func png() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      try FuzzTests.run("png")
    }
    FuzzTests.show(result)
  }

  @Test("broken JPEG files do no harm")
  func jpeg() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      try FuzzTests.run("jpg")
    }
    FuzzTests.show(result)
  }

  @Test("broken WebP files do no harm")
  func webp() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      try FuzzTests.run("webp")
    }
    FuzzTests.show(result)
  }

  /// Beyond ten times the largest file, this much memory may be in use at once. It is what the libraries' own tables
  /// and the pictures take that a kilobyte can truly hold: a row of one colour shrinks by 1032 in a PNG, and a
  /// lossless WebP says it in no bytes at all.
  private static let floor = 32 << 20

  /// Passes on the line that the other process printed.
  private static func show(_ result: ExitTest.Result?) {
    let lines = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self).split(separator: "\n")
    for line in lines where line.contains(" files, ") { print(line) }
  }

  private static func run(_ type: String) throws {
    let folder = Fixtures.path("decoding").string
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(type) }.sorted()
    var seeds = try names.map { try Fixtures.bytes("decoding/" + $0) }
    if type == "png" { seeds.append(try Fixtures.bytes("texts.png")) }
    for seed in seeds { _ = try Picture(decoding: seed) }

    let before = try memory("VmRSS")
    var (count, decoded, largest, slowest) = (0, 0, 0, Duration.zero)
    for (number, mutation) in Mutations(of: seeds).enumerated() {
      // A damaged checksum stops libpng at once; half of the PNG files get the right ones back.
      let bytes = type == "png" && number / seeds.count % 2 == 1 ? withChecksums(mutation) : mutation
      let time = processorTime {
        _ = try? PictureInfo(reading: bytes)
        for alpha in PictureDecoding.Alpha.allCases {
          if (try? Picture(decoding: bytes, PictureDecoding(alpha: alpha))) != nil { decoded += 1 }
        }
      }
      (count, largest, slowest) = (count + 1, max(largest, bytes.count), max(slowest, time))
    }
    let growth = try memory("VmHWM") - before
    print("\(type): \(count) files, \(decoded / 2) readable, slowest \(slowest), memory grew by \(growth >> 10) KB")
    #expect(count >= 1000 && decoded > 0)
    #expect(slowest < .seconds(1))
    #expect(growth <= floor + 10 * largest, "\(growth) bytes for files of at most \(largest)")
  }

  /// A line of /proc/self/status, in bytes.
  private static func memory(_ field: String) throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(field + ":") })
    return try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }) << 10
  }

  /// The PNG with the checksum of every chunk made right.
  private static func withChecksums(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    var start = 8
    while start + 12 <= bytes.count {
      let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - start - 12 else { break }
      var sum = ~UInt32(0)
      for byte in bytes[start + 4..<start + 8 + length] {
        sum ^= UInt32(byte)
        for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
      }
      for index in 0..<4 {
        bytes[start + 8 + length + index] = UInt8(truncatingIfNeeded: ~sum >> UInt32(24 - 8 * index))
      }
      start += length + 12
    }
    return bytes
  }
}
