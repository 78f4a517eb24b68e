package import Files
package import TensorKit

extension TensorScope {
  /// The tensors of CLIP in `source` under their names in transformers' CLIPModel, from any naming that is known. Other
  /// parts of a checkpoint are left out.
  package init(clip source: any WeightSource) throws(FileError) {
    guard let naming = TensorNaming(of: source) else {
      throw FileError(
        .malformed, source.path, "is \(WeightKind(of: source).description); a CLIP text encoder was expected")
    }
    var stored: [ByteString: ByteString] = [:]
    for name in source.names {
      guard let canonical = naming.canonical(name) else {
        if naming.isCLIPAlone {
          throw FileError(.malformed, source.path, "has the tensor \"\(name)\", which no CLIP model has")
        }
        continue
      }
      if TensorNaming.isIgnored(canonical) { continue }
      if let other = stored.updateValue(name, forKey: canonical) {
        throw FileError(.malformed, source.path, "has one tensor under two names, \"\(other)\" and \"\(name)\"")
      }
    }
    self.init(source, stored: stored)
  }

  /// How many blocks there are: one more than the highest n in `encoder.layers.n.…`.
  func layerCount() -> Int {
    names.reduce(0) { count, name in
      guard name.hasPrefix("encoder.layers.") else { return count }
      let number = name.dropping(15).bytes.prefix { $0 != UInt8(ascii: ".") }
      return max(count, Int(UInt16(String(decoding: number, as: UTF8.self)) ?? 0) + 1)
    }
  }
}
