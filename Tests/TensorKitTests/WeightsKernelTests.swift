import CKernels
import TestSupport
import Testing

/// The processor's instructions and plain C must give the same bits, or results would depend on the machine.
@Suite struct WeightKernels {
  @Test("halves are widened alike, all of them") func widening() {
    let halves = (0...UInt16.max).map { $0 }
    var (fast, portable) = ([Float](repeating: 1, count: 65536), [Float](repeating: 2, count: 65536))
    unsafe aesgrad_widen_half(halves, &fast, 65536)
    unsafe aesgrad_widen_half_portable(halves, &portable, 65536)
    let (first, second) = (fast.map(\.bitPattern), portable.map(\.bitPattern))
    #expect(first == second)
  }

  // A prime step reaches every sign, exponent and rounding case; all 2^32 have been compared once.
  @Test("floats are rounded to halves alike") func rounding() {
    let floats = stride(from: UInt64(0), to: 1 << 32, by: 4099).map { Float(bitPattern: UInt32($0)) }
    var fast = [UInt16](repeating: 1, count: floats.count)
    var portable = [UInt16](repeating: 2, count: floats.count)
    unsafe aesgrad_round_to_half(floats, &fast, floats.count)
    unsafe aesgrad_round_to_half_portable(floats, &portable, floats.count)
    #expect(fast == portable)
  }

  @Test("checksums are alike for every length and beginning") func checksums() {
    #expect(unsafe aesgrad_crc32(0, Array("123456789".utf8), 9) == 0xCBF4_3926)
    var random = SplitMix(state: 1)
    let bytes = (0..<700).map { _ in UInt8.random(in: 0...255, using: &random) }
    for count in 0..<600 {
      for start in 0..<4 {
        let part = Array(bytes[start..<start + count])
        let previous = UInt32.random(in: 0...UInt32.max, using: &random)
        let (fast, portable) = unsafe (
          aesgrad_crc32(previous, part, count), aesgrad_crc32_portable(previous, part, count)
        )
        #expect(fast == portable, "\(count) bytes")
      }
    }
  }
}
