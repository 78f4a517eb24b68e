import Aesthetic
import Files
import Raster
import SystemPackage

/// Picture files known by their bytes: what they are called in the store, and what it does not know of them yet.
struct PictureScan {
  /// The hash of each file that could be read.
  private(set) var hashes: [FilePath: String] = [:]
  /// The pictures that the store did not know.
  private(set) var new: [PictureRecord] = []
  /// Where pictures that it knows were seen.
  private(set) var seen: [String: FilePath] = [:]
  private var added: Set<String> = []

  /// So many files are in memory at a time.
  private static let batchLength = 16

  /// Reads the files at `paths`, and decodes those that `store` does not know. What is no picture is added to `failures`.
  init(_ paths: [FilePath], in store: Store, _ failures: inout Failures, quiet: Bool) throws {
    try Progress.over(paths.count, "pictures", quiet: quiet) { progress in
      for start in stride(from: 0, to: paths.count, by: Self.batchLength) {
        try Interruption.check()
        let batch = Array(paths[start..<min(start + Self.batchLength, paths.count)])
        try add(batch, store, &failures, progress)
        progress.advance(by: batch.count)
      }
    }
  }

  private mutating func add(_ batch: [FilePath], _ store: Store, _ failures: inout Failures, _ progress: Progress)
    throws
  {
    let files = parallelResults(batch.count) { index throws(FileError) in
      let bytes = try InputFile(batch[index]).pictureBytes()
      return (bytes: bytes, hash: PictureRecord.hash(of: bytes))
    }
    let found = files.compactMap { try? $0.get().hash }
    let known = try store.knownPictures(found).union(added)
    let records = parallelResults(batch.count) { index throws(FileError) -> PictureRecord? in
      let (bytes, hash) = try files[index].get()
      if known.contains(hash) { return nil }
      do throws(PictureError) {
        return try PictureRecord(decoding: bytes, hash: hash, path: batch[index])
      } catch { throw error.about(batch[index]) }
    }
    for (index, record) in records.enumerated() {
      switch record {
      case .failure(let error): failures.add(error, progress)
      case .success(let record):
        let hash = try files[index].get().hash
        hashes[batch[index]] = hash
        if let record {
          // Two files of a batch may hold the same new picture.
          if added.insert(hash).inserted { new.append(record) }
        } else if !added.contains(hash) {
          seen[hash] = batch[index]
        }
      }
    }
  }
}
