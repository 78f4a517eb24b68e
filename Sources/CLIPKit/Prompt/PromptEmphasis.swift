extension PromptPiece {
  /// The pieces of `prompt`, at least one; neighbours differ in weight.
  ///
  /// Brackets that nobody closes count to the end, those that nobody opened are text. Square and round brackets may overlap;
  /// each kind multiplies what stands between its own. Words `BREAK` count inside brackets too.
  package static func pieces(of prompt: String, syntax: PromptSyntax = .automatic1111) -> [PromptPiece] {
    var scanner = EmphasisScanner(prompt: Array(prompt.unicodeScalars), syntax: syntax)
    scanner.scan()
    return scanner.pieces()
  }
}

/// One pass over a prompt, which collects texts and brackets, and another over these, which multiplies: in time
/// proportional to the prompt's length, however deep the brackets are.
private struct EmphasisScanner {
  let prompt: [Unicode.Scalar]
  let syntax: PromptSyntax
  private var events: [Event] = []
  /// The factor of every bracket that was opened, in order.
  private var factors: [Double] = []
  /// The numbers of the brackets that are open.
  private var openStronger: [Int] = []
  private var openWeaker: [Int] = []
  private var text = String.UnicodeScalarView()

  private enum Event {
    case text(String)
    case open(bracket: Int, isStronger: Bool)
    case close(isStronger: Bool)
  }

  init(prompt: [Unicode.Scalar], syntax: PromptSyntax) {
    self.prompt = prompt
    self.syntax = syntax
  }

  mutating func scan() {
    let (stronger, weaker) = (syntax.stronger, syntax.weaker)
    let special: Set<Unicode.Scalar> = [stronger.open, stronger.close, weaker.open, weaker.close, "\\"]
    var position = 0
    while position < prompt.count {
      let scalar = prompt[position]
      position += 1
      switch scalar {
      case "\\":
        // In front of anything else the backslash vanishes, too.
        if position < prompt.count, special.contains(prompt[position]) {
          text.append(prompt[position])
          position += 1
        }
      case stronger.open: open(factor: stronger.factor, isStronger: true)
      case weaker.open: open(factor: weaker.factor, isStronger: false)
      case stronger.close where !openStronger.isEmpty: close(isStronger: true)
      case weaker.close where !openWeaker.isEmpty: close(isStronger: false)
      case ":" where syntax.hasNumbers && !openStronger.isEmpty:
        guard let (factor, end) = number(at: position) else {
          text.append(scalar)
          continue
        }
        openStronger.last.map { factors[$0] = factor }
        close(isStronger: true)
        position = end
      default: text.append(scalar)
      }
    }
    endText()
  }

  /// The number that stands at `position` before a closing bracket, and where the text goes on behind that.
  private func number(at position: Int) -> (Double, end: Int)? {
    var position = skippingSpace(position)
    let start = position
    while position < prompt.count, "+-.0123456789".unicodeScalars.contains(prompt[position]) { position += 1 }
    let digits = String(String.UnicodeScalarView(prompt[start..<position]))
    position = skippingSpace(position)
    guard position < prompt.count, prompt[position] == syntax.stronger.close, let number = Double(digits) else {
      return nil
    }
    return (number, position + 1)
  }

  private func skippingSpace(_ position: Int) -> Int {
    prompt[position...].firstIndex { !$0.properties.isWhitespace } ?? prompt.count
  }

  private mutating func endText() {
    if !text.isEmpty { events.append(.text(String(text))) }
    text = String.UnicodeScalarView()
  }

  private mutating func open(factor: Double, isStronger: Bool) {
    endText()
    events.append(.open(bracket: factors.count, isStronger: isStronger))
    if isStronger { openStronger.append(factors.count) } else { openWeaker.append(factors.count) }
    factors.append(factor)
  }

  private mutating func close(isStronger: Bool) {
    endText()
    events.append(.close(isStronger: isStronger))
    if isStronger { openStronger.removeLast() } else { openWeaker.removeLast() }
  }

  /// The texts with their weights.
  func pieces() -> [PromptPiece] {
    var pieces: [PromptPiece] = []
    // The products of the factors of the open brackets, the innermost last.
    var (stronger, weaker) = ([1.0], [1.0])
    for event in events {
      switch event {
      case .open(let bracket, isStronger: true): stronger.append((stronger.last ?? 1) * factors[bracket])
      case .open(let bracket, isStronger: false): weaker.append((weaker.last ?? 1) * factors[bracket])
      case .close(isStronger: true): stronger.removeLast()
      case .close(isStronger: false): weaker.removeLast()
      case .text(let text):
        let weight = (stronger.last ?? 1) * (weaker.last ?? 1)
        for (index, part) in text.splitAtBreaks().enumerated() {
          if index > 0 { pieces.append(.chunkBreak) }
          pieces.append(text: part, weight: weight)
        }
      }
    }
    return pieces.isEmpty ? [.text("", weight: 1)] : pieces
  }
}

extension [PromptPiece] {
  fileprivate mutating func append(text: String, weight: Double) {
    if case .text(let before, weight)? = last {
      self[count - 1] = .text(before + text, weight: weight)
    } else {
      append(.text(text, weight: weight))
    }
  }
}

extension String {
  /// What stands between the words BREAK, without the white space around them.
  fileprivate func splitAtBreaks() -> [String] {
    let parts = splitAtWords("BREAK")
    return parts.enumerated().map { index, part in
      var part = part[...]
      if index > 0 { part = part.drop { $0.isWhitespace } }
      if index + 1 < parts.count { while part.last?.isWhitespace == true { part.removeLast() } }
      return String(part)
    }
  }
}
