/// A stretch of a prompt that is said with one weight, or the word that begins a new chunk.
package enum PromptPiece: Sendable, Hashable {
  /// Text, and by how much what the text encoder makes of its tokens is multiplied.
  case text(String, weight: Double)
  /// `BREAK`: what follows begins a new chunk of 75 tokens.
  case chunkBreak
}

/// How people write emphasis.
package enum PromptSyntax: Sendable, Hashable {
  /// AUTOMATIC1111's: `(x)` times 1.1, `[x]` divided by 1.1, `(x:1.3)` times 1.3; a backslash takes a bracket literally.
  case automatic1111
  /// NovelAI's: `{x}` times 1.05, `[x]` divided by 1.05; round brackets are text.
  case novelAI

  /// What opens and closes a stronger stretch, and by what it is multiplied.
  var stronger: (open: Unicode.Scalar, close: Unicode.Scalar, factor: Double) {
    switch self {
    case .automatic1111: ("(", ")", 1.1)
    case .novelAI: ("{", "}", 1.05)
    }
  }

  /// What opens and closes a weaker stretch, and by what it is multiplied.
  var weaker: (open: Unicode.Scalar, close: Unicode.Scalar, factor: Double) { ("[", "]", 1 / stronger.factor) }

  /// Whether a number behind a colon may stand before the bracket that closes a stronger stretch.
  var hasNumbers: Bool { self == .automatic1111 }
}
