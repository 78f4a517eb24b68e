import Files
import TensorKit
import TestSupport
import Testing

@Suite("Fingerprints of tensors")
struct FingerprintTests {
  @Test("The hash of some elements is that of their bytes, the lowest of each first")
  func lengths() {
    var random = SplitMix(state: 1)
    let tensor = Tensor.random([80], using: &random)
    for count in 0...70 {
      for start in [0, 3] {
        var hash = SHA256()
        for element in tensor.elements[start..<start + count] {
          hash.update((0..<4).map { UInt8(truncatingIfNeeded: element.bitPattern >> (8 * $0)) }.span)
        }
        #expect(tensor.sha256(start..<start + count) == hash.finish(), "\(count) elements")
      }
    }
  }

  @Test("What is not finite is found, whatever it is and wherever it stands", arguments: [Float.nan, -.infinity])
  func finite(bad: Float) {
    for place in 0..<40 {
      var elements = [Float](repeating: .greatestFiniteMagnitude, count: 40)
      #expect(Tensor(elements, shape: [40]).isFinite(0..<40))
      elements[place] = bad
      let tensor = Tensor(elements, shape: [5, 8])
      #expect(!tensor.isFinite(0..<40))
      #expect(tensor.isFinite(0..<place) && tensor.isFinite(place + 1..<40))
    }
  }
}
