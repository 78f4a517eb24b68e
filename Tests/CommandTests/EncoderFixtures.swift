import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// The path of a file among the fixtures of CLIPKit's tests.
func clipFixture(_ name: String) -> String {
  URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "CLIPKitTests/Fixtures").appending(path: name).path
}

/// Lends `body` a folder with the small model `clip-quick` and its tokenizer, as people have them.
func withModelFolder<Result>(_ body: (_ model: String, _ folder: FilePath) throws -> Result) throws -> Result {
  try withTemporaryFolder { folder in
    let model = folder.appending("clip-quick").string
    try FileManager.default.createDirectory(atPath: model, withIntermediateDirectories: true)
    for source in ["clip-quick", "tokenizer"] {
      for name in try FileManager.default.contentsOfDirectory(atPath: clipFixture(source)) {
        try FileManager.default.createSymbolicLink(
          atPath: model + "/" + name, withDestinationPath: clipFixture(source) + "/" + name)
      }
    }
    return try body(model, folder)
  }
}

/// Checks that `found` and `expected` have the same shape and differ nowhere by more than `tolerance` times the largest
/// expected value.
func expectClose(
  _ found: Tensor, _ expected: Tensor, relative tolerance: Float, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.shape == expected.shape, sourceLocation: sourceLocation)
  guard found.shape == expected.shape else { return }
  let scale = expected.elements.reduce(0) { max($0, abs($1)) }
  let worst = zip(found.elements, expected.elements).map { abs($0 - $1) }.max() ?? 0
  #expect(worst <= tolerance * scale, sourceLocation: sourceLocation)
}

extension Tensor {
  /// The sub-tensor at `index` of the first axis.
  func slice(_ index: Int) -> Tensor {
    let size = count / shape[0]
    return Tensor(Array(elements[index * size..<(index + 1) * size]), shape: Array(shape.dropFirst()))
  }
}
