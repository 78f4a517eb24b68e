import Foundation

/// What happens to a text before it is split: NFC, runs of white space to one space, lower case.
///
/// The reference (tokenizers 0.23) composes by Unicode 9 tables, and so must this to give the same ids: characters that
/// came later neither compose nor move. Lower case is character by character, so a final capital sigma becomes σ.
enum TextNormalization {
  /// The normalised scalars of `text`.
  static func normalized(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    var afterSpace = false
    for scalar in composed(text) {
      let isSpace = ScalarClass(scalar) == .space
      defer { afterSpace = isSpace }
      if isSpace {
        if !afterSpace { result.append(" ") }
      } else if scalar.isASCII {
        result.append(("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar)
      } else {
        result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
      }
    }
    return result
  }

  /// The scalars in Unicode's normalisation form C.
  static func composed(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    // Below U+0300 nothing composes with what stands before it.
    guard text.contains(where: { $0.value >= 0x300 }) else { return text }
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    for (index, run) in text.split(omittingEmptySubsequences: false, whereSeparator: isTooNew).enumerated() {
      if index > 0 { result.append(text[run.startIndex - 1]) }
      result.append(contentsOf: composedRun(run))
    }
    return result
  }

  /// Foundation composes, but takes quadratic time to put a long run of marks in order, so that is done here before.
  private static func composedRun(_ run: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
    guard run.contains(where: { $0.value >= 0x300 }) else { return Array(run) }
    var ordered: [Unicode.Scalar] = []
    ordered.reserveCapacity(run.count)
    var marks: [(scalar: Unicode.Scalar, combiningClass: UInt8)] = []
    func flush() {
      // Swift's sort is stable, as the canonical order requires.
      if marks.count > 1 { marks.sort { $0.combiningClass < $1.combiningClass } }
      ordered.append(contentsOf: marks.lazy.map(\.scalar))
      marks.removeAll(keepingCapacity: true)
    }
    for scalar in run {
      for part in decomposition(scalar) {
        let combiningClass = part.value < 0x300 ? 0 : part.properties.canonicalCombiningClass.rawValue
        if combiningClass == 0 {
          flush()
          ordered.append(part)
        } else {
          marks.append((part, combiningClass))
        }
      }
    }
    flush()
    let text = String(decoding: ordered.utf8, as: UTF8.self)
    return Array(text.precomposedStringWithCanonicalMapping.unicodeScalars)
  }

  private static func decomposition(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    // Han characters, letters of most scripts and ASCII are their own decomposition.
    if scalar.value < 0xC0 || (0x3400..<0xA000).contains(scalar.value) { return [scalar] }
    return Array(String(Character(scalar)).decomposedStringWithCanonicalMapping.unicodeScalars)
  }

  private static func isTooNew(_ scalar: Unicode.Scalar) -> Bool {
    guard scalar.value >= 0x300 else { return false }
    guard let age = scalar.properties.age else { return true }
    return age.major > 9
  }
}

/// What the pattern that splits words asks about a character.
enum ScalarClass {
  case letter, number, space, other

  /// The class of `scalar` in Unicode 16, which the reference's pattern matcher knows: later letters are no letters.
  init(_ scalar: Unicode.Scalar) {
    switch scalar.value {
    case 0x61...0x7A, 0x41...0x5A: self = .letter
    case 0x30...0x39: self = .number
    case 0x20, 0x09...0x0D: self = .space
    case 0x00..<0x80: self = .other
    default: self = Self.beyondASCII(scalar.properties)
    }
  }

  private static func beyondASCII(_ properties: Unicode.Scalar.Properties) -> ScalarClass {
    if properties.isWhitespace { return .space }
    guard let age = properties.age, age.major <= 16 else { return .other }
    return switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
    case .decimalNumber, .letterNumber, .otherNumber: .number
    default: .other
    }
  }
}

extension Sequence<Unicode.Scalar> {
  /// The characters in UTF-8.
  var utf8: [UInt8] { flatMap { UTF8.encode($0) ?? UTF8.encodedReplacementCharacter } }
}
