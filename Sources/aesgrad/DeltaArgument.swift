import Aesthetic
import ArgumentParser
import CLIPKit
import Files
import TensorKit

/// A delta's file and how strongly it is to be applied: `FILE` or `FILE:STRENGTH`.
struct DeltaArgument: ExpressibleByArgument {
  private let file: WeightedPath

  init?(argument: String) {
    guard let file = WeightedPath(argument: argument) else { return nil }
    self.file = file
  }

  /// Adds the delta to `encoder`, which was read from `model`.
  func apply(to encoder: inout TextEncoder, of model: ModelLocation) throws(FileError) {
    let delta = try Delta(reading: WeightFile.open(file.path))
    try delta.apply(to: &encoder, strength: file.strength, path: file.path, model: model.path)
  }
}
