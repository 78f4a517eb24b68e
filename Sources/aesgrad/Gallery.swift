import CLIPKit
import Files
import Raster
import SystemPackage
import TensorKit

/// Pictures and their CLIP features.
struct Gallery {
  /// The pictures that could be read.
  private(set) var paths: [FilePath] = []
  /// Their features, a row each; nil if there are none.
  private(set) var features: Tensor?  // [n, D]

  /// So many pictures go through the encoder at a time: enough for all cores, and little memory.
  private static let batchLength = 8

  /// Reads the pictures at `paths` and encodes them. What cannot be read is added to `failures`.
  init(
    _ paths: [FilePath], _ model: ImageFeatures, _ options: PreparationOptions, _ failures: inout Failures,
    _ progress: Progress
  ) throws {
    var parts: [Tensor] = []
    for start in stride(from: 0, to: paths.count, by: Self.batchLength) {
      try Interruption.check()
      let batch = Array(paths[start..<min(start + Self.batchLength, paths.count)])
      var squares: [Picture] = []
      for (path, result) in zip(batch, Self.prepared(batch, side: model.preprocessing.side, options)) {
        switch result {
        case .success(let square):
          squares.append(square)
          self.paths.append(path)
        case .failure(let error): failures.add(error, progress)
        }
      }
      if !squares.isEmpty { parts.append(model(model.preprocessing.pixels(squares, crop: options.preprocess))) }
      progress.advance(by: batch.count)
    }
    if !parts.isEmpty { features = Tensor.concatenated(parts) }
  }

  /// Each picture decoded, turned, resized and cut, several at a time.
  private static func prepared(
    _ paths: [FilePath], side: Int, _ options: PreparationOptions
  ) -> [Result<Picture, FileError>] {
    let decoding = options.decoding
    let crop = options.preprocess
    return parallelResults(paths.count) { index throws(FileError) in
      try Picture(reading: paths[index], decoding).preparedForCLIP(side: side, crop: crop)
    }
  }
}
