import CLIPKit
import TensorKit

extension Aesthetic {
  /// The SHA-256 of the direction's numbers as little-endian Float32: what pictures say they were made with.
  package var hash: String { direction.sha256(0..<direction.count) }
}

extension Delta {
  /// What tells the delta from all others: the SHA-256 over its tensors' names, shapes and bytes (`Fingerprint`).
  package var hash: String {
    Fingerprint.of(
      tensors.map { Fingerprint.line($0.name, shape: $0.tensor.shape, hash: $0.tensor.sha256(0..<$0.tensor.count)) })
  }
}
