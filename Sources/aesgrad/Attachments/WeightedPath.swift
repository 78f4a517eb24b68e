import ArgumentParser
import Files
import SystemPackage

/// A file and how much of it: `FILE` or `FILE:STRENGTH`.
struct WeightedPath: ExpressibleByArgument, Hashable {
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

  var description: String { "\(path.string):\(strength)" }

  static var defaultCompletionKind: CompletionKind { .file() }
}
