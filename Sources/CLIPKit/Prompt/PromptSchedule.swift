/// A prompt that changes while a picture is made: what it says until which step.
package struct PromptSchedule: Sendable, Hashable {
  /// A stretch of steps in which nothing changes.
  package struct Stage: Sendable, Hashable {
    /// Its last step; 1 is the first of all.
    package let until: Int
    package let text: String
  }

  /// The stages in order; the last one's `until` is the number of steps.
  package let stages: [Stage]

  /// What `prompt` says over `steps` steps.
  ///
  /// As in AUTOMATIC1111: `[from:to:when]` says `from` until step `when`, then `to`; `[to:when]` says nothing until then, and
  /// `[from::when]` nothing from then on. `when` is a step, or below 1 a share of the steps. `[a|b]` changes at every step.
  /// They may be nested. Brackets that are none of these stay as they are, for emphasis. A prompt with a `|` elsewhere says
  /// what stands there in all steps.
  package init(_ prompt: String, steps: Int) {
    precondition(steps >= 1, "a schedule of \(steps) steps")
    var parser = ScheduleParser(text: Array(prompt.unicodeScalars), steps: steps)
    guard let nodes = parser.parse() else {
      stages = [Stage(until: steps, text: prompt)]
      return
    }
    var ends: Set<Int> = [steps]
    for node in nodes { node.addEnds(to: &ends, steps: steps) }
    stages = ends.sorted().map { Stage(until: $0, text: nodes.text(at: $0)) }
  }

  /// The text at `step`; 1 is the first.
  package func text(at step: Int) -> String { (stages.first { step <= $0.until } ?? stages[stages.count - 1]).text }
}

/// A part of a prompt's text.
private indirect enum ScheduleNode {
  case text(String)
  /// Parts that belong together, such as what stands in brackets that only emphasise.
  case sequence([ScheduleNode])
  case change(from: [ScheduleNode], to: [ScheduleNode], when: Int)
  case alternatives([[ScheduleNode]])

  /// Adds the steps after which something changes.
  func addEnds(to ends: inout Set<Int>, steps: Int) {
    switch self {
    case .text: break
    case .sequence(let nodes): for node in nodes { node.addEnds(to: &ends, steps: steps) }
    case .change(let from, let to, let when):
      if when >= 1 { ends.insert(when) }
      for node in from + to { node.addEnds(to: &ends, steps: steps) }
    case .alternatives: ends.formUnion(1...steps)
    }
  }

  func text(at step: Int) -> String {
    switch self {
    case .text(let text): text
    case .sequence(let nodes): nodes.text(at: step)
    case .change(let from, let to, let when): (step <= when ? from : to).text(at: step)
    case .alternatives(let choices): choices[(step - 1) % choices.count].text(at: step)
    }
  }
}

extension [ScheduleNode] {
  fileprivate func text(at step: Int) -> String { map { $0.text(at: step) }.joined() }
}

/// Reads brackets that may or may not be closed: what cannot be read as a group is text. Every place is tried once.
private struct ScheduleParser {
  let text: [Unicode.Scalar]
  let steps: Int
  /// The groups read so far by where they begin; nil for brackets that begin none.
  private var groups: [Int: (node: ScheduleNode, end: Int)?] = [:]
  /// Deeper brackets are text: nobody writes them, and each level takes room on the stack.
  private static let deepest = 100

  init(text: [Unicode.Scalar], steps: Int) {
    self.text = text
    self.steps = steps
  }

  /// The parts of the whole text; nil if there is a `|` outside of alternatives, or a last backslash.
  mutating func parse() -> [ScheduleNode]? {
    var nodes: [ScheduleNode] = []
    var position = 0
    while position < text.count {
      let (part, end) = prompt(at: position, depth: 0)
      nodes += part
      position = end
      guard position < text.count else { break }
      guard "[]():".unicodeScalars.contains(text[position]) else { return nil }
      nodes.append(.text(String(text[position])))
      position += 1
    }
    return nodes
  }

  /// Text and groups from `start` up to a bracket, colon or line that belongs to neither.
  private mutating func prompt(at start: Int, depth: Int) -> (nodes: [ScheduleNode], end: Int) {
    var nodes: [ScheduleNode] = []
    var plain = String.UnicodeScalarView()
    var position = start
    scan: while position < text.count {
      switch text[position] {
      case "[", "(":
        guard let group = group(at: position, depth: depth + 1) else { break scan }
        if !plain.isEmpty { nodes.append(.text(String(plain))) }
        plain = String.UnicodeScalarView()
        nodes.append(group.node)
        position = group.end
      case "]", ")", ":", "|": break scan
      case "\\":
        guard position + 1 < text.count else { break scan }
        plain.append(contentsOf: text[position...position + 1])
        position += 2
      default:
        plain.append(text[position])
        position += 1
      }
    }
    if !plain.isEmpty { nodes.append(.text(String(plain))) }
    return (nodes, position)
  }

  /// The group that the bracket at `start` opens, and where the text goes on behind it.
  private mutating func group(at start: Int, depth: Int) -> (node: ScheduleNode, end: Int)? {
    if let known = groups[start] { return known }
    guard depth <= Self.deepest else { return nil }
    var parts: [(nodes: [ScheduleNode], range: Range<Int>)] = []
    var separators: [Unicode.Scalar] = []
    var position = start + 1
    var found: (ScheduleNode, Int)?
    while true {
      let (nodes, end) = prompt(at: position, depth: depth)
      parts.append((nodes, position..<end))
      guard end < text.count else { break }
      position = end + 1
      if text[end] == ":" || text[end] == "|" {
        separators.append(text[end])
      } else {
        found = node(from: start, to: end, parts, separators).map { ($0, position) }
        break
      }
    }
    groups[start] = .some(found)
    return found
  }

  /// What the brackets at `start` and `end` mean with these parts between them; nil if they are no group.
  private func node(
    from start: Int, to end: Int, _ parts: [(nodes: [ScheduleNode], range: Range<Int>)],
    _ separators: [Unicode.Scalar]
  ) -> ScheduleNode? {
    let (opening, closing) = (text[start], text[end])
    /// The brackets stay, and so do the separators.
    func asWritten() -> ScheduleNode {
      var nodes: [ScheduleNode] = [.text(String(opening))]
      for (index, part) in parts.enumerated() {
        if index > 0 { nodes.append(.text(":")) }
        nodes += part.nodes
      }
      return .sequence(nodes + [.text(String(closing))])
    }
    if opening == "(" {
      return closing == ")" && separators.count <= 1 && !separators.contains("|") ? asWritten() : nil
    }
    guard closing == "]" else { return nil }
    if separators.isEmpty { return asWritten() }
    if separators.allSatisfy({ $0 == "|" }) { return .alternatives(parts.map(\.nodes)) }
    guard separators.count <= 2, !separators.contains("|"), let range = parts.last?.range, let when = step(range) else {
      return nil
    }
    return .change(from: parts.count == 3 ? parts[0].nodes : [], to: parts[parts.count - 2].nodes, when: when)
  }

  /// The step that the number in `range` names: with a point it is a share of all steps.
  private func step(_ range: Range<Int>) -> Int? {
    let digits = String(String.UnicodeScalarView(text[range]))
    guard let number = Double(decimal: digits) else { return nil }
    let step = digits.contains(".") ? number * Double(steps) : number
    return Int(min(Double(steps), max(-1, step)))
  }
}
