import CKernels
import Files

extension Tensor {
  /// The SHA-256 of the elements `range` as little-endian Float32, in 64 hexadecimal digits.
  package func sha256(_ range: Range<Int>) -> String {
    unsafe withUnsafeElements { elements in
      let bytes = unsafe UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: elements[range]))
      var digest = [UInt8](repeating: 0, count: 32)
      if unsafe ag_sha256(bytes.baseAddress, bytes.count, &digest) == 1 {
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      }
      var hash = SHA256()
      hash.update(unsafe bytes.bindMemory(to: UInt8.self).span)
      return hash.finish()
    }
  }
}
