import Foundation

/// Broken variants of good files, the same ones on every run.
///
/// Each variant gets one to four faults of the kinds that break readers: flipped bits, bytes replaced by extremes, runs
/// cut out, doubled, overwritten or moved, numbers of two, four or eight bytes replaced by extremes, the end cut off.
public struct Mutations: Sequence, IteratorProtocol {
  private let seeds: [[UInt8]]
  private let count: Int
  private var made = 0
  private var random: SplitMix

  /// `count` variants of the `seeds`, taken in turn. The environment variable `AESGRAD_FUZZ` replaces the count.
  public init(of seeds: [[UInt8]], count: Int = 1000, seed: UInt64 = 1) {
    self.seeds = seeds
    self.count = ProcessInfo.processInfo.environment["AESGRAD_FUZZ"].flatMap { Int($0) } ?? count
    random = SplitMix(state: seed)
  }

  /// The next variant, or nil after the last.
  public mutating func next() -> [UInt8]? {
    guard made < count else { return nil }
    var bytes = seeds[made % seeds.count]
    made += 1
    for _ in 0...Int.random(in: 0...3, using: &random) where !bytes.isEmpty { spoil(&bytes) }
    return bytes
  }

  private mutating func spoil(_ bytes: inout [UInt8]) {
    // Headers decide more than data, so half of the faults fall within the first 512 bytes.
    let reach = Bool.random(using: &random) ? Swift.min(bytes.count, 512) : bytes.count
    let position = Int.random(in: 0..<reach, using: &random)
    let length = Swift.min(bytes.count - position, Int.random(in: 1...64, using: &random))
    switch Int.random(in: 0..<8, using: &random) {
    case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[position] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
    case 2: bytes[position] = UInt8.random(in: 0...255, using: &random)
    case 3: bytes.removeSubrange(position..<position + length)
    case 4: bytes.insert(contentsOf: bytes[position..<position + length], at: position)
    case 5:
      let source = Int.random(in: 0...bytes.count - length, using: &random)
      bytes.replaceSubrange(position..<position + length, with: bytes[source..<source + length])
    case 6:
      let width = [2, 4, 8].randomElement(using: &random) ?? 4
      let value: UInt64 = [0, 1, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 63, .max].randomElement(using: &random) ?? 0
      for index in 0..<Swift.min(width, bytes.count - position) {
        bytes[position + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
      }
    default: bytes.removeSubrange(position...)
    }
  }
}

/// A small random number generator with a known sequence (splitmix64).
public struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  /// A generator that starts from `state`.
  public init(state: UInt64) { self.state = state }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
