import CLIPKit
import Files
import TensorKit

/// The features of words, seen from the mean of all of them.
struct WordFeatures {
  let words: [String]
  private let features: [[Double]]

  /// The model's `tasteWords` by the text side of the CLIP model at `clip`.
  init(_ clip: ModelLocation, _ tokenizer: Tokenizer) throws(FileError) {
    let encoder = try TextEncoder(clip)
    let projection = try TextProjection(clip)
    let length = encoder.configuration.positionCount
    words = clip.tasteWords
    let ids = words.map { tokenizer.encode($0, length: length) }
    for row in ids { try encoder.configuration.checkKnows(row, clip) }
    let found = projection(encoder.pooled(ids))
    let center = found.unitMean()
    features = (0..<found.rows).map { found.unitRow($0).minus(center) }
  }

  /// The `count` words nearest to a direction, the nearest first.
  func nearest(_ direction: [Double], count: Int = 5) -> [String] {
    let cosines = features.map { $0.cosine(direction) }
    return cosines.indices.sorted { (cosines[$0], $1) > (cosines[$1], $0) }.prefix(count).map { words[$0] }
  }
}
