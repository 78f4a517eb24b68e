import Crypto

/// The SHA-256 of bytes that come piece by piece (FIPS 180-4).
public struct SHA256: Sendable {
  private var hash = Crypto.SHA256()

  /// The hash of no bytes so far.
  public init() {}

  /// Adds bytes at the end.
  public mutating func update(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBytes { bytes in unsafe hash.update(bufferPointer: bytes) }
  }

  /// The hash in 64 hexadecimal digits.
  public func finish() -> String {
    hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
