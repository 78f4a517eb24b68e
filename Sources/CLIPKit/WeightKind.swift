import Files
public import TensorKit

/// What a weight file is for, judged by the names and shapes of its tensors alone.
///
/// The kinds are those that people keep side by side and mistake for each other.
public struct WeightKind: Hashable, Sendable {
  /// The kind as one word, the same in every version.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case checkpoint, lora, lycoris, controlNet = "controlnet", unet, vae
    case clip, openCLIP = "openclip", textEncoder = "text-encoder", imageEncoder = "image-encoder"
    case hypernetwork, textualInversion = "textual-inversion"
    case aesthetic, features, conditioning, delta, unknown
  }

  /// The kind.
  public let kind: Kind
  /// The kind and what distinguishes this file within it: "a LoRA (kohya), rank 16, 72 text and 192 image modules".
  public let description: String

  /// The kind of `source`.
  public init(of source: some WeightSource) {
    let inventory = Inventory(source)
    for rule in Self.rules where rule.matches(inventory) {
      kind = rule.kind
      description = ([rule.name] + rule.details(inventory)).joined(separator: ", ")
      return
    }
    kind = .unknown
    description = "weights of an unknown kind"
  }

  struct Rule: Sendable {
    let kind: Kind
    /// With its article, so that it fits into a sentence.
    let name: String
    let matches: @Sendable (Inventory) -> Bool
    let details: @Sendable (Inventory) -> [String]

    init(
      _ kind: Kind, _ name: String, when matches: @escaping @Sendable (Inventory) -> Bool,
      details: @escaping @Sendable (Inventory) -> [String] = { _ in [] }
    ) {
      self.kind = kind
      self.name = name
      self.matches = matches
      self.details = details
    }
  }
}

/// The names and shapes in a file, and questions about them.
struct Inventory: Sendable {
  let names: [ByteString]
  private let shapes: [ByteString: [Int]]

  init(_ source: some WeightSource) {
    names = source.names
    shapes = Dictionary(
      source.names.compactMap { name in source.shape(of: name).map { (name, $0) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// Whether there is a tensor of this name.
  func has(_ name: ByteString) -> Bool { shapes[name] != nil }
  /// Whether some name begins so.
  func has(prefix: ByteString) -> Bool { names.contains { $0.hasPrefix(prefix) } }
  /// Whether some name ends so.
  func has(suffix: ByteString) -> Bool { names.contains { $0.hasSuffix(suffix) } }
  /// The shape of the first tensor whose name ends so.
  func shape(suffix: ByteString) -> [Int]? { names.first { $0.hasSuffix(suffix) }.flatMap { shapes[$0] } }
  /// The shape of a tensor whose name contains `part`.
  func shape(_ name: ByteString) -> [Int]? { shapes[name] }
  /// How many names satisfy `condition`.
  func count(where condition: (ByteString) -> Bool) -> Int { names.count(where: condition) }
  /// The shape of the only tensor, if there is only one.
  var onlyShape: [Int]? { names.count == 1 ? shapes[names[0]] : nil }
  /// One more than the highest number that follows `prefix` in a name and is followed by a dot.
  func layers(_ prefix: ByteString) -> Int {
    let numbers = names.filter { $0.hasPrefix(prefix) }.compactMap { name in
      Int(String(decoding: name.bytes.dropFirst(prefix.bytes.count).prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self))
    }
    return (numbers.max() ?? -1) + 1
  }
}
