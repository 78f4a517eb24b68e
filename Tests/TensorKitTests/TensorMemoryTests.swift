import TensorKit
import Testing

/// Memory of tensors that are gone is used again, and nobody sees what stood there.
@Suite struct TensorMemoryTests {
  private static let large = [3, 1 << 20]  // 12 MB

  /// Not in an expectation itself, which would look for the differences between millions of numbers.
  private static func areEqual(_ first: Tensor, _ second: Tensor) -> Bool { first.elements == second.elements }

  @Test("a tensor of zeros holds zeros, whatever its memory held before")
  func zeros() {
    for _ in 0..<3 {
      let full = Tensor(randomWithSeed: 1, shape: Self.large, scale: 1)
      #expect(full.elements.contains { $0 != 0 })
      // Gone before the next one is made.
    }
    #expect(Tensor(zeros: Self.large).elements.allSatisfy { $0 == 0 })
  }

  @Test("tensors that live at the same time do not share memory, and copies do not change each other")
  func separate() {
    // Leaves memory to be used again.
    #expect(Tensor(randomWithSeed: 9, shape: Self.large, scale: 1).count == 3 << 20)
    let many = (0..<8).map { Tensor(randomWithSeed: UInt64($0), shape: Self.large, scale: 1) }
    var copy = many[0]
    copy += many[1]
    for (seed, tensor) in many.enumerated() {
      #expect(Self.areEqual(tensor, Tensor(randomWithSeed: UInt64(seed), shape: Self.large, scale: 1)))
    }
    let sums = zip(many[0].elements, many[1].elements).map { $0 + $1 }
    #expect(Self.areEqual(copy, Tensor(sums, shape: Self.large)))
  }

  @Test("threads that make and drop tensors at the same time get their own")
  func threads() {
    parallel(16) { range in
      for seed in range {
        let made = Tensor(randomWithSeed: UInt64(seed), shape: Self.large, scale: 1)
        let again = Tensor(randomWithSeed: UInt64(seed), shape: Self.large, scale: 1)
        #expect(Self.areEqual(made, again))
      }
    }
  }
}
