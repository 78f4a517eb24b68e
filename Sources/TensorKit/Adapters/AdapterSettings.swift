package import Files
import SystemPackage

/// What the makers of a LoRA have written beside it rather than into it: by how much its factors count.
package struct AdapterSettings: Sendable {
  private struct Scaling: Sendable {
    var alpha: Double?
    /// alpha / √rank instead of alpha / rank (Kalajdzievski 2023, arXiv 2312.03732).
    var isBySquareRoot = false
    /// Alphas of modules that have their own, by the end of `AdapterNaming.key`.
    var ownAlphas: [String: Double] = [:]
  }
  private var scalings: [Adapter.Part: Scaling] = [:]

  /// Nothing beside it: the factors' product counts as it is.
  package init() {}

  /// What is said about the adapter in `source`: PEFT keeps it in an adapter_config.json beside the weights, diffusers
  /// under `lora_adapter_metadata` in their metadata.
  package init(beside source: any WeightSource) throws(FileError) {
    let file = source.path.removingLastComponent().appending("adapter_config.json")
    if source.path.lastComponent?.string.hasPrefix("adapter_model") == true, file.isFile {
      let configuration = try ConfigurationFile(file)
      let scaling = try Self.scaling(file) { configuration[$0] }
      scalings = [.text: scaling, .image: scaling]
    } else if let text = source.metadata["lora_adapter_metadata"] {
      let json: JSON
      do throws(JSONError) { json = try JSON(parsing: text.bytes) } catch {
        throw FileError(.malformed, source.path, "has metadata that is no JSON (lora_adapter_metadata): \(error)")
      }
      scalings = [
        .text: try Self.scaling(source.path) { json["text_encoder." + $0] },
        .image: try Self.scaling(source.path) { json["unet." + $0] },
      ]
    }
  }

  private static func scaling(
    _ path: FilePath, _ value: (ByteString) -> JSON?
  ) throws(FileError) -> Scaling {
    func number(_ json: JSON, _ name: ByteString) throws(FileError) -> Double {
      guard let number = json.double, number.isFinite else {
        throw FileError(.malformed, path, "has a value of \"\(name)\" that is no number")
      }
      return number
    }
    if value("use_dora")?.bool == true {
      throw FileError(.malformed, path, "describes an adapter of the kind DoRA, which is not read")
    }
    var scaling = Scaling(isBySquareRoot: value("use_rslora")?.bool ?? false)
    if let alpha = value("lora_alpha"), alpha != .null { scaling.alpha = try number(alpha, "lora_alpha") }
    for member in value("alpha_pattern")?.object?.members ?? [] {
      let key = (member.name.string ?? "").replacing(".", with: "_")
      scaling.ownAlphas[key] = try number(member.value, "alpha_pattern")
    }
    return scaling
  }

  /// What the product of factors of this rank counts in a module.
  func scale(_ part: Adapter.Part, _ key: String, rank: Int) -> Float {
    guard let scaling = scalings[part] else { return 1 }
    let own = scaling.ownAlphas.first { key == $0.key || $0.key.hasSuffix(key) || key.hasSuffix("_" + $0.key) }?.value
    guard let alpha = own ?? scaling.alpha else { return 1 }
    return Float(alpha / (scaling.isBySquareRoot ? Double(rank).squareRoot() : Double(rank)))
  }
}
