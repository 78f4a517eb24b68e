import Aesthetic
import ArgumentParser
import CLIPKit
import Files
import SystemPackage
import TensorKit

/// A delta's file and how strongly it is to be applied: `FILE` or `FILE:STRENGTH`.
struct DeltaArgument: ExpressibleByArgument {
  let path: FilePath
  let strength: Float

  init?(argument: String) {
    guard let whole = PathArgument(argument: argument)?.path else { return nil }
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    // What looks like a strength may be a part of the name.
    if parts.count > 1, let number = Float(parts[parts.count - 1]), number.isFinite, (try? whole.stat()) == nil,
      let file = PathArgument(argument: parts.dropLast().joined(separator: ":"))
    {
      (path, strength) = (file.path, number)
    } else {
      (path, strength) = (whole, 1)
    }
  }

  /// Adds the delta to `encoder`, which was read from `model`.
  func apply(to encoder: inout TextEncoder, of model: ModelLocation) throws(FileError) {
    let delta = try Delta(reading: WeightFile.open(path))
    try delta.apply(to: &encoder, strength: strength, path: path, model: model.path)
  }
}
