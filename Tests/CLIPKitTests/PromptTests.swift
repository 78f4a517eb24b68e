import CLIPKit
import TensorKit
import TestSupport
import Testing

/// The grammar of prompts as AUTOMATIC1111 documents it, in the wiki ("Attention/emphasis", "Prompt editing", "Alternating
/// Words", "Composable Diffusion") and in the examples that stand with its parser; NovelAI's as in its documentation.
@Suite struct PromptTests {
  /// Texts with weights, as a line: `text@weight`, `|` between, `#` for BREAK.
  private static func line(_ pieces: [PromptPiece]) -> String {
    pieces.map { piece in
      switch piece {
      case .text(let text, let weight): "\(text)@\((weight * 1e6).rounded() / 1e6)"
      case .chunkBreak: "#"
      }
    }.joined(separator: "|")
  }

  static let emphasis: [(prompt: String, expected: String)] = [
    ("", "@1.0"),
    ("normal text", "normal text@1.0"),
    ("an (important) word", "an @1.0|important@1.1| word@1.0"),
    ("(unbalanced", "unbalanced@1.1"),
    ("unbalanced)", "unbalanced)@1.0"),
    (#"\(literal\]"#, "(literal]@1.0"),
    ("(unnecessary)(parens)", "unnecessaryparens@1.1"),
    (
      "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
      "a @1.0|house@1.573| @1.1|on@1.0| a @1.1|hill@0.55|, sun, @1.1|sky@1.4641|.@1.1"
    ),
    ("((x))", "x@1.21"),
    ("(((x)))", "x@1.331"),
    ("[x]", "x@0.909091"),
    ("[[x]]", "x@0.826446"),
    ("([x])", "x@1.0"),
    ("(x:1.5)", "x@1.5"),
    ("(x:0.25)", "x@0.25"),
    ("(x: 1.5 )", "x@1.5"),
    ("(x:-0.5)", "x@-0.5"),
    ("(x:+2)", "x@2.0"),
    ("(x:0)", "x@0.0"),
    ("(x:.5)", "x@0.5"),
    ("(x:1.2.3)", "x:1.2.3@1.1"),
    ("(x:)", "x:@1.1"),
    ("(x:word)", "x:word@1.1"),
    ("x:1.5", "x:1.5@1.0"),
    ("x:1.5)", "x:1.5)@1.0"),
    ("[x:1.5]", "x:1.5@0.909091"),
    ("(a:b:1.5)", "a:b@1.5"),
    ("((a:1.5) b)", "a@1.65| b@1.1"),
    ("(a (b:2) c:0.5)", "a @0.5|b@1.0| c@0.5"),
    ("(a b:1.4", "a b:1.4@1.1"),
    ("()", "@1.0"),
    ("(a)b(c)", "a@1.1|b@1.0|c@1.1"),
    ("a(b[c)d]e", "a@1.0|b@1.1|c@1.0|d@0.909091|e@1.0"),
    (#"\\"#, #"\@1.0"#),
    (#"a\"#, "a@1.0"),
    (#"\(a\)"#, "(a)@1.0"),
    (#"(\(a\):1.3)"#, "(a)@1.3"),
    (#"anya \(spy x family\)"#, "anya (spy x family)@1.0"),
    ("a BREAK b", "a@1.0|#|b@1.0"),
    ("BREAK", "@1.0|#|@1.0"),
    ("a BREAKs b", "a BREAKs b@1.0"),
    ("a break b", "a break b@1.0"),
    ("(a BREAK b:1.3)", "a@1.3|#|b@1.3"),
    ("a\nBREAK\nb", "a@1.0|#|b@1.0"),
    ("{a}", "{a}@1.0"),
    ("café (été:1.2)", "café @1.0|été@1.2"),
  ]

  @Test("emphasis", arguments: emphasis)
  func emphasised(_ example: (prompt: String, expected: String)) {
    #expect(Self.line(PromptPiece.pieces(of: example.prompt)) == example.expected, "\(example.prompt)")
  }

  @Test(
    "NovelAI's emphasis",
    arguments: [
      ("{x}", "x@1.05"), ("{{x}}", "x@1.1025"), ("[x]", "x@0.952381"), ("(x:1.3)", "(x:1.3)@1.0"),
      ("{a:1.3}", "a:1.3@1.05"), ("a {b} [c]", "a @1.0|b@1.05| @1.0|c@0.952381"),
    ])
  func novelAI(prompt: String, expected: String) {
    #expect(Self.line(PromptPiece.pieces(of: prompt, syntax: .novelAI)) == expected)
  }

  /// Over ten steps; a stage as `until:text`, `;` between.
  static let schedules: [(prompt: String, expected: String)] = [
    ("test", "10:test"),
    ("", "10:"),
    ("a [b:3]", "3:a ;10:a b"),
    ("a [b: 3]", "3:a ;10:a b"),
    ("a [[[b]]:2]", "2:a ;10:a [[b]]"),
    ("[(a:2):3]", "3:;10:(a:2)"),
    ("a [b : c : 1] d", "1:a b  d;10:a  c  d"),
    ("a[b:[c:d:2]:1]e", "1:abe;2:ace;10:ade"),
    ("a [unbalanced", "10:a [unbalanced"),
    ("a [b:.5] c", "5:a  c;10:a b c"),
    ("((a][:b:c [d:3]", "3:((a][:b:c ;10:((a][:b:c d"),
    ("[fe|]male", "1:female;2:male;3:female;4:male;5:female;6:male;7:female;8:male;9:female;10:male"),
    ("[fe|||]male", "1:female;2:male;3:male;4:male;5:female;6:male;7:male;8:male;9:female;10:male"),
    (
      "[a|(b:1.1)]",
      "1:a;2:(b:1.1);3:a;4:(b:1.1);5:a;6:(b:1.1);7:a;8:(b:1.1);9:a;10:(b:1.1)"
    ),
    ("a [b:1.5] c", "10:a  c"),
    ("[a:b:0]", "10:b"),
    ("[a:b:-2]", "10:b"),
    ("[a:b:10]", "10:a"),
    ("[a:b:99]", "10:a"),
    ("[a:b:9]", "9:a;10:b"),
    ("[a::4]", "4:a;10:"),
    ("[a:b:0.25]", "2:a;10:b"),
    ("[a:b:1.0]", "10:a"),
    ("[a]", "10:[a]"),
    ("[a:b]", "10:[a:b]"),
    ("(a:1.3)", "10:(a:1.3)"),
    ("(a [b:c:5]:1.3)", "5:(a b:1.3);10:(a c:1.3)"),
    ("[a:b:c:5]", "10:[a:b:c:5]"),
    (#"\[a:b:5\]"#, #"10:\[a:b:5\]"#),
    ("a | b", "10:a | b"),
    ("(a|b) [c:5]", "10:(a|b) [c:5]"),
    ("[a:5] [b:7]", "5: ;7:a ;10:a b"),
    ("[a:[b|c]:8]", "1:a;2:a;3:a;4:a;5:a;6:a;7:a;8:a;9:b;10:c"),
    ("a:b", "10:a:b"),
    ("[from:to:5]", "5:from;10:to"),
  ]

  @Test("schedules", arguments: schedules)
  func scheduled(_ example: (prompt: String, expected: String)) {
    let schedule = PromptSchedule(example.prompt, steps: 10)
    let line = schedule.stages.map { "\($0.until):\($0.text)" }.joined(separator: ";")
    #expect(line == example.expected, "\(example.prompt)")
    for stage in schedule.stages { #expect(schedule.text(at: stage.until) == stage.text) }
    #expect(schedule.text(at: 1) == schedule.stages[0].text)
  }

  @Test(
    "prompts joined by AND",
    arguments: [
      ("a cat", "a cat@1.0"), ("a cat AND a dog", "a cat @1.0| a dog@1.0"),
      ("a cat :1.2 AND a dog AND a penguin :2.2", "a cat@1.2| a dog @1.0| a penguin@2.2"),
      ("cat :0.5 AND kitten :0.5", "cat@0.5| kitten@0.5"), ("cat:-1 AND dog", "cat@-1.0| dog@1.0"),
      ("(cat:1.3) AND dog", "(cat:1.3) @1.0| dog@1.0"), ("SAND AND ANDES", "SAND @1.0| ANDES@1.0"),
      ("AND", "@1.0|@1.0"),
      ("cat : 2.", "cat@2.0"), ("cat :x", "cat :x@1.0"), ("a and b", "a and b@1.0"), ("a: b :.25", "a: b@0.25"),
    ])
  func parts(prompt: String, expected: String) {
    #expect(PromptPart.parts(of: prompt).map { "\($0.text)@\($0.weight)" }.joined(separator: "|") == expected)
  }

  @Test("a hundred thousand brackets are read in an instant")
  func hostile() {
    let many = String(repeating: "(a[", count: 100_000)
    #expect(PromptPiece.pieces(of: many).count > 1)
    let schedule = PromptSchedule(many, steps: 3)
    #expect(schedule.stages.map(\.text) == [many])
    let closed = String(repeating: "[", count: 50_000) + String(repeating: "]", count: 50_000)
    #expect(PromptSchedule(closed, steps: 3).stages.count == 1)
  }
}
