import Files
import Glibc
package import TensorKit

// What other programs read. The names are those that kohya-ss/sd-scripts gives: `lora_te_`, then the module's name in
// transformers with underscores for dots, then what it is behind a dot.

extension Delta {
  /// The delta as a LoRA of the text encoder: for each linear map `.lora_down.weight` [rank, inputs], `.lora_up.weight`
  /// [outputs, rank], and `.alpha` [], which is the rank, so that nothing is scaled.
  ///
  /// Whole differences of linear maps become factors of at most this rank. What a LoRA cannot hold, biases, norms and
  /// tables, is left out.
  package func loraEntries(rank: Int, as type: ElementType) -> [WeightEntry] {
    factorised(rank: rank, whereLonger: true).changes.flatMap { name, change -> [WeightEntry] in
      guard case .lowRank(let up, let down) = change, let module = Self.kohyaName(name) else { return [] }
      let shift = Self.balance(up, down)
      let alpha = Tensor([Float(down.rows)], shape: [])
      return [
        WeightEntry(module + ".lora_up.weight", exp2(-shift) * up, as: type),
        WeightEntry(module + ".lora_down.weight", exp2(shift) * down, as: type),
        WeightEntry(module + ".alpha", alpha, as: type),
      ]
    }
  }

  /// The delta as it is, as LyCORIS files hold it: `.diff` and `.diff_b` of linear maps, `.w_norm` and `.b_norm` of
  /// norms. Tables have no place there and are left out.
  package func lycorisEntries(as type: ElementType) -> [WeightEntry] {
    changes.compactMap { name, change in
      guard let difference = change.whole, let module = Self.kohyaName(name) else { return nil }
      let isWeight = name.hasSuffix(".weight")
      let suffix: ByteString =
        name.isNorm ? (isWeight ? ".w_norm" : ".b_norm") : (isWeight ? ".diff" : ".diff_b")
      return WeightEntry(module + suffix, difference, as: type)
    }
  }

  /// How many of the changed parameters neither form holds, or only the second does.
  package var leftOut: (ofLoRA: Int, ofLyCORIS: Int) {
    let tables = changes.count { if case .rows = $0.value { true } else { false } }
    let maps = changes.count { $0.key.hasSuffix(".weight") && !$0.key.isNorm } - tables
    return (changes.count - maps, tables)
  }

  /// The highest rank among the factors; nil if there are none.
  package var highestRank: Int? {
    changes.values.compactMap { if case .lowRank(_, let down) = $0 { down.rows } else { nil } }.max()
  }

  /// What stands before the dot; nil for names that are no parameter's.
  private static func kohyaName(_ parameter: ByteString) -> ByteString? {
    guard let dot = parameter.bytes.lastIndex(of: UInt8(ascii: ".")) else { return nil }
    let underscored = parameter.bytes[..<dot].map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "_") : $0 }
    return "lora_te_" + ByteString(underscored)
  }

  /// The power of two that brings both factors to about the same size, so that half precision rounds both alike;
  /// scaling by it is exact.
  private static func balance(_ up: Tensor, _ down: Tensor) -> Float {
    func size(_ factor: Tensor) -> Float { factor.elements.reduce(0) { max($0, abs($1)) } }
    let (up, down) = (size(up), size(down))
    guard up > 0, down > 0, up.isFinite, down.isFinite else { return 0 }
    return (log2(up / down) / 2).rounded()
  }
}

extension ByteString {
  /// Whether it names a parameter of a layer norm.
  fileprivate var isNorm: Bool {
    bytes.split(separator: UInt8(ascii: ".")).dropLast().last.map { ByteString($0).hasPrefix("layer_norm") } ?? false
      || hasSuffix("final_layer_norm.weight") || hasSuffix("final_layer_norm.bias")
  }
}
