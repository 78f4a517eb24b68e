import CKernels

/// A tensor kept in half precision (IEEE 754 binary16), to be widened when it is needed.
package struct HalfTensor: Sendable {
  package let shape: [Int]
  private let bits: [UInt16]

  /// Rounds to nearest; exact for what was read from half precision.
  package init(rounding tensor: Tensor) {
    shape = tensor.shape
    bits = unsafe tensor.withUnsafeElements { elements in
      unsafe [UInt16](unsafeUninitializedCapacity: elements.count) { buffer, count in
        unsafe aesgrad_round_to_half(elements.baseAddress, buffer.baseAddress, elements.count)
        count = elements.count
      }
    }
  }

  /// The numbers in single precision.
  package func widened() -> Tensor {
    unsafe Tensor(shape: [bits.count, 1], rowGrain: 1 << 16) { range, output in
      unsafe bits.withUnsafeBufferPointer { bits in
        guard let start = bits.baseAddress else { return }
        unsafe aesgrad_widen_half(start + range.lowerBound, output.baseAddress, range.count)
      }
    }.reshaped(shape)
  }
}
