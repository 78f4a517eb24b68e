package import Files
import Synchronization
import SystemPackage
import TensorKit

/// What tells weights from all others: the SHA-256 over their tensors' names, shapes and Float32 bytes.
///
/// The same weights have the same fingerprint whatever file they come from: each tensor is a line of its name in
/// transformers, its shape and the SHA-256 of its elements as little-endian Float32, in the order of the names' bytes.
/// So tensors can be hashed side by side.
package enum Fingerprint {
  /// The line of a tensor.
  package static func line(_ name: ByteString, shape: [Int], hash: String) -> ByteString {
    name + " [\(shape.map(String.init).joined(separator: ","))] \(hash)\n"
  }

  /// The fingerprint of these lines, in 64 hexadecimal digits.
  package static func of(_ lines: [ByteString]) -> String {
    var hash = SHA256()
    for line in lines.sorted() { hash.update(line.bytes.span) }
    return hash.finish()
  }
}

extension ModelLocation {
  /// The fingerprint of what makes image features here: the image encoder, its projection, and how pictures are prepared.
  ///
  /// Reads the weights one by one and keeps none.
  package func imageFingerprint() throws(FileError) -> String {
    let (configuration, weights) = try clip()
    guard let vision = configuration.vision else { throw weights.error("has no image encoder") }
    let preprocessing = try preprocessing(side: vision.imageSize)
    let names = weights.names.filter { $0.hasPrefix("vision_model.") || $0 == "visual_projection.weight" }
    let results = Mutex<(lines: [ByteString], failure: FileError?)>(([], nil))
    parallel(names.count, piecesPerThread: names.count) { range in
      for name in names[range] {
        let line = Result { () throws(FileError) in
          let tensor = try weights.tensor(name, shape: weights.shape(name) ?? [])
          return Fingerprint.line(name, shape: tensor.shape, hash: tensor.sha256(0..<tensor.count))
        }
        results.withLock { results in
          switch line {
          case .success(let line): results.lines.append(line)
          case .failure(let error): results.failure = error
          }
        }
      }
    }
    let (lines, failure) = results.withLock { $0 }
    if let failure { throw failure }
    let prepared: ByteString = "\(preprocessing.side) \(preprocessing.mean) \(preprocessing.deviation)\n"
    return Fingerprint.of(lines + [prepared])
  }
}
