import Aesthetic
import Files
import SystemPackage

/// Pictures at paths, known to the store from now on, with their features.
struct PictureFeatures {
  /// Where each picture is; files with the same bytes come once.
  let paths: [FilePath]
  /// Their hashes.
  let hashes: [String]
  /// What is known of them, a row each.
  let sights: Sights

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
    let found = try store.sights(of: pictures.map(\.hash), by: model.stored)
    guard !found.places.isEmpty else {
      try failures.check(total: failures.count)
      throw FileError(.missing, arguments.first?.path ?? "", "holds no pictures that can be read")
    }
    paths = found.places.map { pictures[$0].path }
    hashes = found.places.map { pictures[$0].hash }
    sights = found.sights
  }
}
