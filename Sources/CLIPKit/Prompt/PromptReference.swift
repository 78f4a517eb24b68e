/// A part of a prompt that is no text but asks for a file: `<lora:name:0.8>`, `<hypernet:name:0.5>`.
///
/// As AUTOMATIC1111's web interface has them: one weight is for both encoders, a second one for the UNet; `te=` and
/// `unet=` say which.
package struct PromptReference: Sendable, Hashable {
  /// What is asked for.
  package enum Kind: String, Sendable, Hashable {
    case lora
    case hypernetwork
  }

  package let kind: Kind
  /// The file's name without its ending.
  package let name: String
  /// How much of it, for the text encoder and for the UNet; 1 where nothing is said.
  package let weights: (text: Double, image: Double)

  package static func == (left: PromptReference, right: PromptReference) -> Bool {
    left.kind == right.kind && left.name == right.name && left.weights == right.weights
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(name) }

  /// What is wrong with a reference.
  package struct Fault: Error {
    package let problem: String
  }

  /// `prompt` without its references, and these. What else stands in angle brackets is text.
  package static func parse(_ prompt: String) throws(Fault) -> (text: String, references: [PromptReference]) {
    var text = ""
    var references: [PromptReference] = []
    var rest = prompt[...]
    while let open = rest.firstIndex(of: "<") {
      let body = rest[rest.index(after: open)...]
      guard let close = body.firstIndex(of: ">"), let colon = body[..<close].firstIndex(of: ":"),
        let kind = kind(body[..<colon])
      else {
        text += rest[...open]
        rest = body
        continue
      }
      text += rest[..<open]
      references.append(try PromptReference(kind, body[body.index(after: colon)..<close]))
      rest = rest[rest.index(after: close)...]
    }
    return (text + rest, references)
  }

  private static func kind(_ word: Substring) -> Kind? {
    switch word {
    case "lora", "lyco": .lora
    case "hypernet": .hypernetwork
    default: nil
    }
  }

  /// The reference to what stands behind the kind's colon: `name`, `name:weight`, `name:weight:weight`.
  private init(_ kind: Kind, _ text: Substring) throws(Fault) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard let name = parts.first, !name.isEmpty else {
      throw Fault(problem: "<\(kind.rawValue):\(text)> names no file")
    }
    var numbers: [Double] = []
    var named: [Substring: Double] = [:]
    for part in parts.dropFirst() {
      let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let number = Double(decimal: halves[halves.count - 1]) else {
        throw Fault(problem: "<\(kind.rawValue):\(text)> has \"\(part)\" where a number was expected")
      }
      if halves.count == 2 { named[halves[0]] = number } else { numbers.append(number) }
    }
    guard numbers.count <= 2, Set(named.keys).isSubset(of: ["te", "unet"]) else {
      throw Fault(problem: "<\(kind.rawValue):\(text)> has more than two weights, or others than te and unet")
    }
    let both = numbers.first ?? 1
    self.kind = kind
    self.name = String(name)
    weights = (named["te"] ?? both, named["unet"] ?? numbers.dropFirst().first ?? both)
  }
}
