import Aesthetic
import Files
import SystemPackage
import TensorKit

/// Pictures at paths, known to the store from now on, with their features.
struct PictureFeatures {
  /// Where each picture is; files with the same bytes come once.
  let paths: [FilePath]
  /// Their hashes.
  let hashes: [String]
  let features: Tensor  // [n, D]

  /// Finds the pictures that `arguments` mean and gives them the features by `model` that they lack. What cannot be read is
  /// added to `failures`.
  init(
    _ arguments: [PathArgument], in store: Store, by model: ImageModel, _ failures: inout Failures, quiet: Bool
  ) throws {
    let search = try PictureSearch(arguments.map(\.path))
    for failure in search.failures { failures.add(failure) }
    if search.pictures.isEmpty, failures.count == 0, let path = arguments.first?.path {
      throw FileError(.missing, path, "holds no pictures (PNG, JPEG, WebP)")
    }
    let scan = try PictureScan(search.pictures, in: store, &failures, quiet: quiet)
    try store.add(scan.new)
    try store.noteSeen(scan.seen)
    var seen: Set<String> = []
    let pictures = search.pictures.compactMap { path in scan.hashes[path].map { (hash: $0, path: path) } }
      .filter { seen.insert($0.hash).inserted }
    try FeatureWork(store: store, model: model, quiet: quiet).complete(pictures, &failures)
    let found = zip(pictures, try store.features(of: pictures.map(\.hash), by: model.stored)).compactMap {
      picture, features in features.map { (picture, $0) }
    }
    guard !found.isEmpty else {
      try failures.check(total: failures.count)
      throw FileError(.missing, arguments.first?.path ?? "", "holds no pictures that can be read")
    }
    paths = found.map(\.0.path)
    hashes = found.map(\.0.hash)
    features = Tensor.concatenated(found.map { $0.1.reshaped([1, $0.1.count]) })
  }
}
