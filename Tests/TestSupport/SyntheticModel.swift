package import Files
import Foundation
package import SystemPackage
package import TensorKit
import Testing

/// A small model whose weights are computed from their names (Tools/reference/synthetic.py), and what diffusers makes of it.
package struct SyntheticModel: Sendable {
  /// Those with values of single networks.
  package static let names = ["pocket", "narrow", "odd"]

  private let name: String
  private let description: JSON

  /// The model described in `name`.json.
  package init(_ name: String) throws {
    self.name = name
    description = try JSON(parsing: InputFile(Self.folder.appending(name + ".json")).readAll(limit: 1 << 24))
  }

  /// What diffusers made of it.
  package var expected: SafetensorsFile {
    get throws { try SafetensorsFile(Self.folder.appending(name + ".safetensors")) }
  }

  /// The fixtures of DiffusionTests, where these models are most used.
  private static var folder: FilePath {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return FilePath(tests.path).appending("DiffusionTests/Fixtures")
  }

  /// How the tensors of a part are called in a file.
  package enum Naming: Sendable { case diffusers, oldDiffusers, checkpoint }

  /// Writes the configuration of `part`, `unet` or `vae`, changed as wanted.
  package func writeConfiguration(of part: String, to folder: FilePath, changing changes: [String: Any] = [:]) throws {
    let data = try text(#require(description[ByteString(part)]))
    var values = try #require(JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any])
    for (key, value) in changes { values[key] = value }
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    try JSONSerialization.data(withJSONObject: values).write(to: URL(filePath: folder.appending("config.json").string))
  }

  /// The tensors of `part`, named as wanted, in memory.
  package func weights(_ part: String, _ naming: Naming = .diffusers) throws -> SyntheticWeights {
    var entries: [ByteString: SyntheticWeights.Entry] = [:]
    for member in try #require(description["tensors"]?[ByteString(part)]?.object).members {
      var shape = try #require(member.value["shape"]?.array).compactMap(\.integer)
      var name = try #require(member.name.string)
      let seed = "\(part).\(name)"
      switch naming {
      case .diffusers: break
      case .oldDiffusers:
        for (new, old) in [("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")] {
          name = name.replacing("attentions.0.\(new).", with: "attentions.0.\(old).")
        }
      case .checkpoint:
        name = try #require(member.value["checkpoint"]?.string?.string)
        if name.contains(".mid.attn_1."), shape.count == 2 { shape += [1, 1] }
        name = (part == "unet" ? "model.diffusion_model." : "first_stage_model.") + name
      }
      entries[ByteString(name)] = .init(seed: seed, shape: shape)
    }
    return SyntheticWeights(entries: entries)
  }

  /// Writes UNet and VAE as a diffusers folder.
  package func write(to folder: FilePath, _ naming: Naming = .diffusers, as type: ElementType = .float32) throws {
    for part in ["unet", "vae"] {
      let place = folder.appending(part)
      try writeConfiguration(of: part, to: place)
      let name = "diffusion_pytorch_model" + (type == .float16 ? ".fp16" : "") + ".safetensors"
      try SafetensorsWriter.write(
        weights(part, naming).fileEntries(as: type), metadata: [:], to: place.appending(name), replacing: false)
    }
  }

  private func text(_ json: JSON) throws -> String {
    switch json {
    case .null: return "null"
    case .bool(let value): return "\(value)"
    case .number(let number): return number.spelling
    case .string(let string): return "\"\(try #require(string.string))\""
    case .array(let values): return try "[" + values.map(text).joined(separator: ",") + "]"
    case .object(let object):
      return try "{"
        + object.members.map { try "\"\(#require($0.name.string))\":" + text($0.value) }
        .joined(separator: ",") + "}"
    }
  }
}

/// Tensors computed from their names, as if they were read from a file.
package struct SyntheticWeights: WeightSource {
  package struct Entry: Sendable {
    let seed: String
    package var shape: [Int]

    /// The tensor that `seed` names.
    package init(seed: String, shape: [Int]) { (self.seed, self.shape) = (seed, shape) }
  }

  package var entries: [ByteString: Entry]
  package var path: FilePath { "synthetic" }
  package var format: String { "synthetic" }
  package var names: [ByteString] { entries.keys.sorted() }
  package var metadata: [ByteString: ByteString] { [:] }
  package func shape(of name: ByteString) -> [Int]? { entries[name]?.shape }
  package func elementType(of name: ByteString) -> ElementType? { entries[name].map { _ in .float32 } }

  package func tensor(_ name: ByteString) throws(FileError) -> Tensor {
    guard let entry = entries[name] else { throw FileError(.malformed, path, "has no tensor \"\(name)\"") }
    return Self.tensor(entry.seed, entry.shape)
  }

  /// As `weights` in Tools/reference/synthetic.py.
  private static func tensor(_ name: String, _ shape: [Int]) -> Tensor {
    let seed = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    let isMatrix = shape.filter { $0 > 1 }.count > 1 || shape.count > 1
    let scale = isMatrix ? Float(1.7 / Double(shape.dropFirst().reduce(1, *)).squareRoot()) : 0.2
    let level: Float = !isMatrix && name.hasSuffix("weight") ? 1 : 0
    let elements = (0..<shape.reduce(1, *)).map { index in
      var state = seed &+ UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
      state = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
      state = (state ^ state >> 27) &* 0x94D0_49BB_1331_11EB
      state ^= state >> 31
      return (Float(state >> 40) / Float(1 << 23) - 1) * scale + level
    }
    return Tensor(elements, shape: shape)
  }

  /// All tensors for a file.
  package func fileEntries(as type: ElementType = .float32) -> [WeightEntry] {
    names.compactMap { name in
      entries[name].map { entry in
        WeightEntry(name, shape: entry.shape, as: type) { Self.tensor(entry.seed, entry.shape) }
      }
    }
  }

  package var scope: TensorScope { TensorScope(self, stored: Dictionary(uniqueKeysWithValues: names.map { ($0, $0) })) }
}
