/// What a picture was generated with, as AUTOMATIC1111 writes it into the PNG text `parameters`, and as its "PNG Info",
/// Civitai and others read it: the prompt, a line "Negative prompt: …", and a last line of settings, "Steps: 20, Sampler: …".
package struct GenerationText: Sendable, Hashable {
  package var prompt: String
  package var negativePrompt: String
  /// Names and values in order.
  package var settings: [Setting]

  /// One setting of the last line.
  package struct Setting: Sendable, Hashable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
  }

  /// The text of a picture that is being made.
  package init(prompt: String, negativePrompt: String = "", settings: [Setting]) {
    (self.prompt, self.negativePrompt, self.settings) = (prompt, negativePrompt, settings)
  }

  /// The first value with this name.
  package func value(_ name: String) -> String? { settings.first { $0.name == name }?.value }

  /// The fewest settings that make a last line one of settings rather than of the prompt.
  private static let fewestSettings = 3
  private static let negativeMark = "Negative prompt:"
  /// Where prompts stand that the layout cannot carry, such as one with a line "Steps: 3", spelled as JSON.
  private static let exactPrompt = "Exact prompt"
  private static let exactNegativePrompt = "Exact negative prompt"

  /// The text as it is written.
  package var text: String {
    var exact = self
    let read = GenerationText(plain)
    if read.prompt != prompt || read.negativePrompt != negativePrompt {
      exact.settings += [Setting(Self.exactPrompt, prompt), Setting(Self.exactNegativePrompt, negativePrompt)]
    }
    return exact.plain
  }

  private var plain: String {
    let negative = negativePrompt.isEmpty ? "" : "\n\(Self.negativeMark) \(negativePrompt)"
    return prompt + negative + "\n" + settings.map { "\($0.name): \(Self.quoted($0.value))" }.joined(separator: ", ")
  }

  /// Reads a text of any program. What is no line of settings counts as prompt, so nothing is refused.
  package init(_ text: String) {
    // By scalars: to Swift, "\r\n" is one character, and no "\n".
    let scalars = text.trimmed.unicodeScalars
    var lines = scalars.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).trimmed }
    var scanner = SettingsScanner(lines.last ?? "")
    var settings = scanner.settings()
    if settings.count < Self.fewestSettings { settings = [] } else { lines.removeLast() }
    let negative = lines.firstIndex { $0.hasPrefix(Self.negativeMark) } ?? lines.endIndex
    prompt = lines[..<negative].joined(separator: "\n")
    negativePrompt = lines[negative...].map { line in
      line.hasPrefix(Self.negativeMark) ? line.dropFirst(Self.negativeMark.count).trimmed : line
    }.joined(separator: "\n")
    for setting in settings {
      if setting.name == Self.exactPrompt { prompt = setting.value }
      if setting.name == Self.exactNegativePrompt { negativePrompt = setting.value }
    }
    self.settings = settings.filter { ![Self.exactPrompt, Self.exactNegativePrompt].contains($0.name) }
  }

  /// The value, or as a JSON string what would end it early.
  private static func quoted(_ value: String) -> String {
    guard value.unicodeScalars.contains(where: { ",:\n\"".unicodeScalars.contains($0) }) || value != value.trimmed
    else {
      return value
    }
    var result = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension StringProtocol {
  /// Without the white space at both ends.
  fileprivate var trimmed: String {
    guard let first = unicodeScalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = unicodeScalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(self[first...last])
  }
}

/// Reads `Name: value, Name: "a, quoted value"`, and passes over what has not that form.
private struct SettingsScanner {
  private let line: [Unicode.Scalar]
  private var position = 0

  init(_ line: String) { self.line = Array(line.unicodeScalars) }

  mutating func settings() -> [GenerationText.Setting] {
    var settings: [GenerationText.Setting] = []
    while position < line.count {
      if let name = name() {
        settings.append(GenerationText.Setting(name, value()))
      } else {
        position += 1
        while position < line.count, line[position - 1] != "," { position += 1 }
      }
    }
    return settings
  }

  /// A name of two characters or more and the colon behind it: letters, digits, spaces, `_`, `-`, `/`.
  private mutating func name() -> String? {
    var start = position
    while start < line.count, line[start].properties.isWhitespace { start += 1 }
    var end = start
    while end < line.count, Self.isOfName(line[end]) { end += 1 }
    guard end < line.count, line[end] == ":", end - start >= 2, line[start] != "-", line[start] != "/" else {
      return nil
    }
    position = end + 1
    return String(String.UnicodeScalarView(line[start..<end]))
  }

  private static func isOfName(_ scalar: Unicode.Scalar) -> Bool {
    " _-/".unicodeScalars.contains(scalar) || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
  }

  /// The value up to the next comma or, where it is quoted, what the quotes hold; the comma is passed over.
  private mutating func value() -> String {
    while position < line.count, line[position].properties.isWhitespace { position += 1 }
    if let quoted = quotedValue() { return quoted }
    let end = line[position...].firstIndex(of: ",") ?? line.count
    defer { position = min(line.count, end + 1) }
    return String(String.UnicodeScalarView(line[position..<end])).trimmed
  }

  private mutating func quotedValue() -> String? {
    guard position < line.count, line[position] == "\"" else { return nil }
    var text = String.UnicodeScalarView()
    var index = position + 1
    while index < line.count, line[index] != "\"" {
      if line[index] == "\\" {
        guard let (scalar, length) = escaped(at: index + 1) else { return nil }
        text.append(scalar)
        index += length
      } else {
        text.append(line[index])
      }
      index += 1
    }
    // Behind the closing quote there is a comma or nothing.
    guard index < line.count, index + 1 == line.count || line[index + 1] == "," else { return nil }
    position = min(line.count, index + 2)
    return String(text)
  }

  /// The character that an escape stands for, and the length of what stands behind the backslash.
  private func escaped(at index: Int) -> (Unicode.Scalar, length: Int)? {
    guard index < line.count else { return nil }
    switch line[index] {
    case "n": return ("\n", 1)
    case "r": return ("\r", 1)
    case "t": return ("\t", 1)
    case "b": return ("\u{8}", 1)
    case "f": return ("\u{C}", 1)
    case "\"", "\\", "/": return (line[index], 1)
    case "u":
      // Programs that write them write characters of the basic plane only, or leave them as they are.
      let digits = String(String.UnicodeScalarView(line[(index + 1)..<min(line.count, index + 5)]))
      guard digits.count == 4, let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) else { return nil }
      return (scalar, 5)
    default: return nil
    }
  }
}
