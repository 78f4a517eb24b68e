import Glibc
import TensorKit

/// What this machine can do at best, measured: no program is faster than its products and its memory.
struct MachineLimits: Encodable {
  /// Dense Float32 products, in 10⁹ operations a second.
  let productGFLOPS: Double
  /// Reading memory, in 10⁹ bytes a second.
  let readGBs: Double
  /// Reading and writing memory in one sweep, in 10⁹ bytes a second, both counted.
  let sweepGBs: Double

  init() throws {
    productGFLOPS = try Self.products()
    readGBs = try Self.reading()
    sweepGBs = try Self.sweeping()
  }

  /// 10⁹ operations a second: the product of eight pictures' tokens with the widest weight of ViT-L/14's perceptron, its
  /// weights packed.
  static func products() throws -> Double {
    let (rows, outputs, inputs) = (2056, 4096, 1024)
    let x = Tensor(randomWithSeed: 1, shape: [rows, inputs], scale: 1)
    let weight = Tensor(randomWithSeed: 2, shape: [outputs, inputs], scale: 0.03)
    guard let product = PackedLinear(weight: weight, bias: nil, rows: rows) else { return 0 }
    let times = try Stopwatch.times(runs: 5) { _ = product(x) }
    return 2 * Double(rows * outputs * inputs) / (times.min() ?? 1) / 1e9
  }

  /// 10⁹ bytes a second: sums over a quarter of a gigabyte, which no cache holds, on all threads.
  static func reading() throws -> Double {
    let count = 1 << 26
    let tensor = Tensor([Float](repeating: 1, count: count), shape: [count])
    let times = try Stopwatch.times(runs: 5) {
      parallel(count, grain: 1 << 20) { range in
        unsafe tensor.withUnsafeElements { elements in
          // Sixteen sums at a time: one alone would wait for its own additions, not for memory.
          var sums = SIMD16<Float>.zero
          var position = range.lowerBound
          let part = UnsafeRawBufferPointer(elements)
          while position + 16 <= range.upperBound {
            sums += unsafe part.loadUnaligned(fromByteOffset: position * 4, as: SIMD16<Float>.self)
            position += 16
          }
          // What nobody looks at would be optimised away.
          if sums.sum() < 0 { abort() }
        }
      }
    }
    return Double(count * 4) / (times.min() ?? 1) / 1e9
  }

  /// 10⁹ bytes a second: every number of three tensors changed, as an optimiser changes weights and their two moments.
  static func sweeping() throws -> Double {
    let count = 1 << 25
    var tensors = (0..<3).map { _ in Tensor([Float](repeating: 1, count: count), shape: [count]) }
    let times = try Stopwatch.times(runs: 5) {
      for index in tensors.indices {
        unsafe tensors[index].withUnsafeMutableElements { elements in
          let shared = unsafe SharedElements(elements)
          parallel(count / 16, grain: 1 << 16) { range in
            let part = unsafe UnsafeMutableRawBufferPointer(shared.part(range.lowerBound * 16, range.count * 16))
            for position in stride(from: 0, to: part.count, by: 64) {
              let changed = unsafe part.loadUnaligned(fromByteOffset: position, as: SIMD16<Float>.self) * 0.999
              unsafe part.storeBytes(of: changed, toByteOffset: position, as: SIMD16<Float>.self)
            }
          }
        }
      }
    }
    return Double(3 * count * 8) / (times.min() ?? 1) / 1e9
  }
}
