import CLIPKit
import Files
import TensorKit

/// What `info` says about a weight file beyond its kind.
struct WeightReport: Encodable {
  var tensors: Int
  var parameters: Int
  /// How many tensors hold which kind of number.
  var types: [String: Int]
  /// The length of the vector, where the file is one.
  var length: Double?
  /// How many numbers are not finite.
  var nonFinite = 0
  var metadata: [String: String]
  var warnings: [String] { nonFiniteWarning + globalsWarning }

  private var unfamiliarGlobals: [String] = []
  private var suspiciousGlobals: [String] = []

  enum CodingKeys: String, CodingKey {
    case tensors, parameters, types, length, nonFinite, metadata, unfamiliarGlobals, suspiciousGlobals
  }

  init(of source: any WeightSource, _ kind: WeightKind.Kind, quiet: Bool) throws {
    let names = source.names
    tensors = names.count
    parameters = names.reduce(0) { $0 + (source.shape(of: $1) ?? []).reduce(1, *) }
    types = names.reduce(into: [:]) { counts, name in
      if let type = source.elementType(of: name) { counts[type.rawValue, default: 0] += 1 }
    }
    metadata = Dictionary(
      source.metadata.map { ($0.key.string ?? $0.key.description, $0.value.string ?? $0.value.description) },
      uniquingKeysWith: { first, _ in first })
    if let file = source as? TorchFile {
      unfamiliarGlobals = file.unfamiliarGlobals
      suspiciousGlobals = file.suspiciousGlobals
    }
    try readAll(source, kind, quiet: quiet || parameters < 1 << 26)
  }

  /// Reads every tensor that can be read, for what only the numbers themselves tell.
  private mutating func readAll(_ source: any WeightSource, _ kind: WeightKind.Kind, quiet: Bool) throws {
    var square = 0.0
    var bad = 0
    try Progress.over(tensors, "reading tensors", quiet: quiet) { progress in
      for name in source.names {
        try Interruption.check()
        if source.elementType(of: name)?.isReadable == true {
          let elements = try source.tensor(name).elements
          bad += elements.count { !$0.isFinite }
          if kind == .aesthetic, name != "aesthetic" { square = elements.reduce(0) { $0 + Double($1) * Double($1) } }
        }
        progress.advance()
      }
    }
    nonFinite = bad
    if kind == .aesthetic { length = square.squareRoot() }
  }

  /// The report for people to read.
  var rows: [(String, String)] {
    let kinds = types.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    var rows = [("tensors", "\(tensors) (\(kinds)), \(parameters) numbers")]
    if let length { rows.append(("length", rounded(length, 4))) }
    // Programs that train put whole settings files in there; the JSON has them.
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }).filter({ $0.value.count <= 80 }).prefix(12) {
      rows.append(("metadata", ByteString(key).description + ": " + ByteString(value).description))
    }
    return rows
  }

  private var nonFiniteWarning: [String] { nonFinite == 0 ? [] : ["\(nonFinite) numbers are not finite"] }

  private var globalsWarning: [String] {
    if !suspiciousGlobals.isEmpty {
      return ["would run programs where it is loaded carelessly: " + suspiciousGlobals.joined(separator: " ")]
    }
    return unfamiliarGlobals.isEmpty
      ? [] : ["refers to Python code that weights do not need: " + unfamiliarGlobals.joined(separator: " ")]
  }
}
