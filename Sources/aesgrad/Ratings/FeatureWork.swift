import Aesthetic
import CLIPKit
import Files
import Raster
import SystemPackage
import TensorKit

/// Gives pictures in the store what a taste is learned from: features by a model, and the appearance. Each is made once, then
/// kept.
struct FeatureWork {
  let store: Store
  let model: ImageModel
  let quiet: Bool

  /// So many pictures go through the encoder, and into the store, at a time.
  private static let batchLength = 8
  /// So many small pictures are looked at at a time.
  private static let appearanceBatchLength = 256

  /// Computes the features of those of `pictures` that have none yet, from their files. Files that are no longer there, or
  /// hold other pictures now, are added to `failures`. Then all pictures that have no appearance get it.
  func complete(_ pictures: [(hash: String, path: FilePath)], _ failures: inout Failures) throws {
    try completeFeatures(pictures, &failures)
    try completeAppearances()
  }

  private func completeFeatures(_ pictures: [(hash: String, path: FilePath)], _ failures: inout Failures) throws {
    let known = try store.hashes(withFeaturesBy: model.stored)
    let needed = pictures.filter { !known.contains($0.hash) }
    guard !needed.isEmpty else { return }
    try Progress.over(needed.count, "features", quiet: quiet) { progress in
      for start in stride(from: 0, to: needed.count, by: Self.batchLength) {
        try Interruption.check()
        let batch = Array(needed[start..<min(start + Self.batchLength, needed.count)])
        try complete(batch, &failures, progress)
        progress.advance(by: batch.count)
      }
    }
  }

  private func completeAppearances() throws {
    let count = try store.countWithoutAppearance()
    guard count > 0 else { return }
    try Progress.over(count, "appearance", quiet: quiet) { progress in
      while case let batch = try store.picturesWithoutAppearance(limit: Self.appearanceBatchLength), !batch.isEmpty {
        try Interruption.check()
        let appearances = parallelResults(batch.count) { index in Appearance(thumbnail: batch[index].thumbnail) }
        try store.add(zip(batch, appearances).map { (picture: $0, appearance: try $1.get()) })
        progress.advance(by: batch.count)
      }
    }
  }

  private func complete(
    _ batch: [(hash: String, path: FilePath)], _ failures: inout Failures, _ progress: Progress
  ) throws {
    let encoder = try model.encoder()
    let side = encoder.preprocessing.side
    var (hashes, squares): ([String], [Picture]) = ([], [])
    let results = parallelResults(batch.count) { index throws(FileError) in
      try Picture(of: batch[index].hash, at: batch[index].path).preparedForCLIP(side: side)
    }
    for (picture, result) in zip(batch, results) {
      switch result {
      case .success(let square):
        hashes.append(picture.hash)
        squares.append(square)
      case .failure(let error): failures.add(error, progress)
      }
    }
    guard !squares.isEmpty else { return }
    let features = encoder(encoder.preprocessing.pixels(squares, crop: .openAI))
    guard features.isFinite(0..<features.count) else {
      throw FileError(.malformed, model.location.path, "gives features that are not finite, so its weights are broken")
    }
    try store.add(features: features, of: hashes, by: model.stored)
  }
}

extension Picture {
  /// The picture with this hash from the file at `path`, where it was last seen.
  init(of hash: String, at path: FilePath) throws(FileError) {
    let hint = "`aesgrad rate` the picture from where it is now: it is known by what is in it"
    let bytes: [UInt8]
    do throws(FileError) { bytes = try InputFile(path).pictureBytes() } catch {
      throw FileError(error.kind, path, error.problem, hint: hint)
    }
    guard PictureRecord.hash(of: bytes) == hash else {
      throw FileError(.missing, path, "holds another picture than the one that was rated", hint: hint)
    }
    do throws(PictureError) { try self.init(decoding: bytes) } catch { throw error.about(path) }
  }
}
