import Files

extension Tensor {
  /// The SHA-256 of the elements `range` as little-endian Float32, in 64 hexadecimal digits.
  package func sha256(_ range: Range<Int>) -> String {
    unsafe withUnsafeElements { elements in
      let bytes = unsafe UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: elements[range]))
      var hash = SHA256()
      hash.update(unsafe bytes.bindMemory(to: UInt8.self).span)
      return hash.finish()
    }
  }
}
