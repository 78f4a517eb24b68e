import Foundation
import TensorKit

extension Tensor {
  /// The elements in row-major order as little-endian Float32, which is how they stand in memory.
  var data: Data { unsafe withUnsafeElements { unsafe Data(buffer: $0) } }

  /// The tensor of `shape` whose elements `data` holds; nil if there are more or fewer.
  init?(_ data: Data, shape: [Int]) {
    guard data.count == shape.reduce(4, { $0 &* $1 }), shape.allSatisfy({ (0...data.count).contains($0) }) else {
      return nil
    }
    self = unsafe Tensor(uninitialized: shape) { elements in _ = unsafe data.copyBytes(to: elements) }
  }
}
