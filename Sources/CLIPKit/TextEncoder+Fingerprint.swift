import Files
import Synchronization
import TensorKit

extension TextEncoder {
  /// What tells this text encoder from any other: the SHA-256 over its tensors' names, shapes and Float32 bytes.
  ///
  /// The same weights have the same fingerprint whatever file they come from: each tensor is a line of its name in
  /// transformers, its shape and the SHA-256 of its elements as little-endian Float32, in the order of the names' bytes.
  /// So tensors can be hashed side by side. Terms of low rank are no weights: with or without them it is the same.
  package var fingerprint: String {
    let parameters = parameters
    let places = parameters.map(place)
    let hashes = Mutex([Int: String]())
    // Largest first, so that no core is left with the longest at the end.
    let order = places.indices.sorted { places[$0].range.count > places[$1].range.count }
    parallel(order.count, piecesPerThread: order.count) { range in
      for index in order[range] {
        let hash = places[index].tensor.sha256(places[index].range)
        hashes.withLock { $0[index] = hash }
      }
    }
    let lines = hashes.withLock { hashes in
      parameters.indices.map { index in
        let shape = shape(of: parameters[index]).map(String.init).joined(separator: ",")
        return parameters[index].name + " [\(shape)] \(hashes[index] ?? "")\n"
      }
    }
    var hash = SHA256()
    for line in lines.sorted() { hash.update(line.bytes.span) }
    return hash.finish()
  }
}
