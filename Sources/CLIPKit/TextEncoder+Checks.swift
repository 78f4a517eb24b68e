package import Files
import Synchronization
package import SystemPackage
import TensorKit

extension TextEncoder {
  /// Throws if a number among the weights, which `path` holds, is not finite: training would spread it everywhere.
  package func checkFinite(_ path: FilePath) throws(FileError) {
    let names = parameters.map(\.name)
    let places = parameters.map(place)
    let found = Mutex<Int?>(nil)
    parallel(places.count, piecesPerThread: 16) { range in
      for index in range where !places[index].tensor.isFinite(places[index].range) {
        found.withLock { $0 = min($0 ?? index, index) }
      }
    }
    guard let index = found.withLock({ $0 }) else { return }
    throw FileError(
      .malformed, path, "the tensor \"\(names[index])\" holds numbers that are not finite; all of them must be",
      hint: "the file is damaged, or its training went wrong; `aesgrad info` counts them")
  }
}
