import Diffusion
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// A small model whose weights are computed from their names (Tools/reference/diffusion.py), and what diffusers makes of it.
struct SyntheticModel: Sendable {
  static let names = ["pocket", "narrow", "odd"]

  let expected: SafetensorsFile
  private let description: JSON

  init(_ name: String) throws {
    let folder = FilePath(try #require(Bundle.module.resourceURL).path).appending("Fixtures")
    expected = try SafetensorsFile(folder.appending(name + ".safetensors"))
    description = try JSON(parsing: InputFile(folder.appending(name + ".json")).readAll(limit: 1 << 24))
  }

  /// How the tensors of a part are called in a file.
  enum Naming: Sendable { case diffusers, oldDiffusers, checkpoint }

  /// Writes the configuration of `part`, `unet` or `vae`, changed as wanted.
  func writeConfiguration(of part: String, to folder: FilePath, changing changes: [String: Any] = [:]) throws {
    let data = try text(#require(description[ByteString(part)]))
    var values = try #require(JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any])
    for (key, value) in changes { values[key] = value }
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    try JSONSerialization.data(withJSONObject: values).write(to: URL(filePath: folder.appending("config.json").string))
  }

  /// The shapes of both parts, read from their config.json.
  func configurations() throws -> (unet: UNetConfiguration, vae: VAEConfiguration) {
    try withTemporaryFolder { folder in
      func file(_ part: String) throws -> ConfigurationFile {
        try writeConfiguration(of: part, to: folder.appending(part))
        return try ConfigurationFile(folder.appending(part).appending("config.json"))
      }
      return (try UNetConfiguration(file: file("unet")), try VAEConfiguration(file: file("vae")))
    }
  }

  /// The tensors of `part`, named as wanted, in memory.
  func weights(_ part: String, _ naming: Naming = .diffusers) throws -> SyntheticWeights {
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
struct SyntheticWeights: WeightSource {
  struct Entry: Sendable {
    let seed: String
    var shape: [Int]
  }

  var entries: [ByteString: Entry]
  var path: FilePath { "synthetic" }
  var format: String { "synthetic" }
  var names: [ByteString] { entries.keys.sorted() }
  var metadata: [ByteString: ByteString] { [:] }
  func shape(of name: ByteString) -> [Int]? { entries[name]?.shape }
  func elementType(of name: ByteString) -> ElementType? { entries[name].map { _ in .float32 } }

  func tensor(_ name: ByteString) throws(FileError) -> Tensor {
    guard let entry = entries[name] else { throw FileError(.malformed, path, "has no tensor \"\(name)\"") }
    return Self.tensor(entry.seed, entry.shape)
  }

  /// As `weights` in Tools/reference/diffusion.py.
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
  func fileEntries(as type: ElementType = .float32) -> [WeightEntry] {
    names.compactMap { name in
      entries[name].map { entry in
        WeightEntry(name, shape: entry.shape, as: type) { Self.tensor(entry.seed, entry.shape) }
      }
    }
  }

  var scope: TensorScope { TensorScope(self, stored: Dictionary(uniqueKeysWithValues: names.map { ($0, $0) })) }
}
