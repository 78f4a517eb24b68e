import Synchronization
import TensorKit

extension TextEncoder {
  /// What tells this text encoder from any other (`Fingerprint`). Terms of low rank are no weights: with or without them it
  /// is the same.
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
    return hashes.withLock { hashes in
      Fingerprint.of(
        parameters.indices.map { index in
          Fingerprint.line(parameters[index].name, shape: shape(of: parameters[index]), hash: hashes[index] ?? "")
        })
    }
  }
}
