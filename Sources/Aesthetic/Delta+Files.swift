import CLIPKit
package import Files
package import SystemPackage
package import TensorKit

extension Delta {
  private static let downSuffix: ByteString = ".down"
  private static let upSuffix: ByteString = ".up"
  private static let rowsSuffix: ByteString = ".rows"

  /// Reads the delta in `source`, as `write` makes it. Whether it fits an encoder, `apply` finds out.
  package init(reading source: some WeightSource) throws(FileError) {
    let metadata = source.metadata
    guard metadata["kind"] == "delta", let base = metadata["base"]?.string, base.utf8.count == 64 else {
      throw FileError(
        .malformed, source.path, "is \(WeightKind(of: source).description); a delta was expected",
        hint: "`aesgrad personalize --delta` makes one")
    }
    let names = Set(source.names)
    var changes: [ByteString: Change] = [:]
    for name in source.names {
      if let parameter = name.without(Self.rowsSuffix), names.contains(parameter) { continue }
      if let parameter = name.without(Self.upSuffix), names.contains(parameter + Self.downSuffix) { continue }
      let tensor = try Self.finite(name, in: source)
      if let parameter = name.without(Self.downSuffix) {
        let up = try Self.finite(parameter + Self.upSuffix, in: source)
        guard tensor.shape.count == 2, up.shape.count == 2, up.width == tensor.rows else {
          throw FileError(.malformed, source.path, "has factors of \"\(parameter)\" that do not fit together")
        }
        changes[parameter] = .lowRank(up: up, down: tensor)
      } else if names.contains(name + Self.rowsSuffix) {
        let numbers = try Self.finite(name + Self.rowsSuffix, in: source).elements
        let isRising = zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }
        guard tensor.shape.count == 2, numbers.count == tensor.rows, isRising,
          numbers.allSatisfy({ (0...Float(1 << 24)).contains($0) })
        else { throw FileError(.malformed, source.path, "has row numbers of \"\(name)\" that do not fit its rows") }
        changes[name] = .rows(numbers.map { Int($0) }, tensor)
      } else {
        changes[name] = .exact(tensor)
      }
    }
    self.init(changes: changes, base: base)
    readSettings(metadata)
  }

  private static func finite(_ name: ByteString, in source: some WeightSource) throws(FileError) -> Tensor {
    let tensor = try source.tensor(name)
    guard tensor.isFinite(0..<tensor.count) else {
      throw FileError(.malformed, source.path, "the tensor \"\(name)\" holds numbers that are not finite")
    }
    return tensor
  }

  /// Takes the settings over that stand in a file's metadata.
  mutating func readSettings(_ metadata: [ByteString: ByteString]) {
    func text(_ name: ByteString) -> String? { metadata[name]?.string }
    settings.steps = text("steps").flatMap { Int($0) } ?? 0
    settings.learningRate = text("learning_rate").flatMap { Double($0) } ?? 0
    settings.mode = text("mode") ?? "exact"
    settings.rank = text("rank").flatMap { Int($0) }
    settings.promptsHash = text("prompts_sha256") ?? ""
    if let before = text("similarity_before").flatMap({ Float($0) }),
      let after = text("similarity_after").flatMap({ Float($0) })
    {
      similarity = (before, after)
    }
  }

  /// Writes a safetensors file: each difference under its parameter's name; factors with `.down` [rank, inputs] and `.up`
  /// [outputs, rank] behind it; of tables the differences of some rows, whose numbers have `.rows` behind the name.
  ///
  /// `check` is called before each tensor; what it throws ends the writing, and nothing is left behind.
  package func write(to path: FilePath, replacing: Bool, check: @escaping () throws -> Void = {}) throws {
    let entries = tensors.map { name, tensor in
      WeightEntry(name, shape: tensor.shape, as: name.hasSuffix(Self.rowsSuffix) ? .int64 : .float32) {
        try check()
        return tensor
      }
    }
    try SafetensorsWriter.write(entries, metadata: metadata, to: path, replacing: replacing)
  }

  /// The tensors as they stand in files, by name; row numbers as Float32, which has all that a table can have.
  var tensors: [(name: ByteString, tensor: Tensor)] {
    changes.flatMap { name, change -> [(ByteString, Tensor)] in
      switch change {
      case .exact(let difference): [(name, difference)]
      case .lowRank(let up, let down): [(name + Self.upSuffix, up), (name + Self.downSuffix, down)]
      case .rows(let numbers, let differences):
        [(name, differences), (name + Self.rowsSuffix, Tensor(numbers.map { Float($0) }, shape: [numbers.count]))]
      }
    }
  }

  /// The settings as they stand in files.
  package var metadata: [ByteString: ByteString] {
    var metadata: [ByteString: ByteString] = [
      "kind": "delta", "base": ByteString(base), "steps": "\(settings.steps)",
      "learning_rate": "\(settings.learningRate)", "mode": ByteString(settings.mode),
      "prompts_sha256": ByteString(settings.promptsHash),
    ]
    metadata["rank"] = settings.rank.map { "\($0)" }
    metadata["similarity_before"] = similarity.map { "\($0.before)" }
    metadata["similarity_after"] = similarity.map { "\($0.after)" }
    return metadata
  }
}

extension ByteString {
  /// What stands before `suffix`; nil if the bytes do not end with it.
  fileprivate func without(_ suffix: ByteString) -> ByteString? {
    hasSuffix(suffix) ? ByteString(bytes.dropLast(suffix.bytes.count)) : nil
  }
}
