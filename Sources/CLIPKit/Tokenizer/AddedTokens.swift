import Files

/// A token that is found in the text as it stands, before anything is split or merged.
struct AddedToken: Hashable, Sendable {
  /// Its text.
  var content: ByteString
  /// Whether it is looked for in the normalised text (lower case, NFC) instead of the original.
  var isNormalized = false
  /// Whether it takes the white space before it away.
  var stripsLeft = false
  /// Whether it takes the white space behind it away.
  var stripsRight = false
  /// Whether it counts only where no letter or digit touches it.
  var isSingleWord = false
}

/// Cuts added tokens out of a text, the leftmost first and the longest of several.
struct AddedTokens: Sendable {
  /// A stretch of the text.
  enum Part: Equatable {
    /// An added token.
    case token(Int)
    /// Normalised text between two of them.
    case text([Unicode.Scalar])
  }

  private var original = TokenTrie()
  private var normalized = TokenTrie()
  private var names: [Int: ByteString] = [:]
  /// One more than the highest id; 0 if there are none.
  private(set) var count = 0

  /// Looks for `tokens`, which have these ids.
  init(_ tokens: [(token: AddedToken, id: Int)]) {
    for (token, id) in tokens where !token.content.bytes.isEmpty {
      if token.isNormalized {
        let text = String(decoding: token.content.bytes, as: UTF8.self)
        normalized.insert(token, as: TextNormalization.normalized(Array(text.unicodeScalars)).utf8, id: id)
      } else {
        original.insert(token, as: token.content.bytes, id: id)
      }
      names[id] = token.content
      count = max(count, id + 1)
    }
  }

  /// The text of the added token `id`, or nil.
  func name(of id: Int) -> ByteString? { names[id] }

  /// The added tokens in `text` (UTF-8) and the normalised text between them, in order.
  func split(_ text: [UInt8]) -> [Part] {
    original.split(text).flatMap { piece -> [Part] in
      guard case .text(let raw) = piece else { return [piece.part] }
      let scalars = TextNormalization.normalized(Self.scalars(raw))
      if normalized.isEmpty { return [.text(scalars)] }
      return normalized.split(scalars.utf8).map(\.part)
    }
  }

  fileprivate static func scalars(_ text: ArraySlice<UInt8>) -> [Unicode.Scalar] {
    Array(String(decoding: text, as: UTF8.self).unicodeScalars)
  }
}

/// Tokens by their bytes, for finding the longest that begins at a place.
private struct TokenTrie: Sendable {
  enum Piece {
    case token(Int)
    case text(ArraySlice<UInt8>)
    var part: AddedTokens.Part {
      switch self {
      case .token(let id): .token(id)
      case .text(let text): .text(AddedTokens.scalars(text))
      }
    }
  }

  // Node 0 is the root; the child of a node by a byte is keyed by both.
  private var children: [UInt64: Int] = [:]
  private var tokens: [Int: (token: AddedToken, id: Int)] = [:]
  private var nodes = 1
  var isEmpty: Bool { tokens.isEmpty }

  mutating func insert(_ token: AddedToken, as content: [UInt8], id: Int) {
    var node = 0
    for byte in content {
      let key = Self.key(node, byte)
      if let child = children[key] {
        node = child
      } else {
        children[key] = nodes
        node = nodes
        nodes += 1
      }
    }
    if node > 0 { tokens[node] = (token, id) }
  }

  func split(_ text: [UInt8]) -> [Piece] {
    var pieces: [Piece] = []
    var done = 0
    var position = isEmpty ? text.count : 0
    while position < text.count {
      guard let (token, id, length) = longest(text, at: position) else {
        position += 1
        continue
      }
      var first = position
      var last = position + length
      position = last
      if token.isSingleWord, Self.isWord(text[..<first].lastScalar) || Self.isWord(text[last...].firstScalar) {
        continue
      }
      if token.stripsLeft {
        while first > done, let scalar = text[done..<first].lastScalar, ScalarClass(scalar) == .space {
          first -= UTF8.width(scalar)
        }
      }
      if token.stripsRight {
        while let scalar = text[last...].firstScalar, ScalarClass(scalar) == .space { last += UTF8.width(scalar) }
      }
      if first > done { pieces.append(.text(text[done..<first])) }
      pieces.append(.token(id))
      done = last
      position = last
    }
    if done < text.count { pieces.append(.text(text[done...])) }
    return pieces
  }

  private func longest(_ text: [UInt8], at position: Int) -> (AddedToken, Int, Int)? {
    var node = 0
    var found: (AddedToken, Int, Int)?
    for index in position..<text.count {
      guard let child = children[Self.key(node, text[index])] else { break }
      node = child
      if let (token, id) = tokens[node] { found = (token, id, index + 1 - position) }
    }
    return found
  }

  /// What `\w` matches: letters, marks, decimal digits, connecting punctuation, joiners.
  private static func isWord(_ scalar: Unicode.Scalar?) -> Bool {
    guard let properties = scalar?.properties else { return false }
    return switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
    default: properties.isAlphabetic || properties.isJoinControl
    }
  }

  private static func key(_ node: Int, _ byte: UInt8) -> UInt64 { UInt64(node) << 8 | UInt64(byte) }
}

extension ArraySlice<UInt8> {
  /// The first character, if the bytes begin with one in UTF-8.
  fileprivate var firstScalar: Unicode.Scalar? { String(decoding: prefix(4), as: UTF8.self).unicodeScalars.first }
  /// The last character, if the bytes end with one in UTF-8.
  fileprivate var lastScalar: Unicode.Scalar? { String(decoding: suffix(4), as: UTF8.self).unicodeScalars.last }
}
