import CLIPKit
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Prompts as chunks of tokens, and what emphasis makes of the conditioning.
@Suite struct PromptChunkTests {
  private func tokenizer() throws -> Tokenizer { try Tokenizer(folder: Fixture.path("tokenizer")) }

  private func chunks(_ prompt: String) throws -> [PromptChunk] {
    try tokenizer().chunks(of: PromptPiece.pieces(of: prompt))
  }

  /// The tokens between start and end of each chunk, as text.
  private func texts(_ chunks: [PromptChunk], _ tokenizer: Tokenizer) -> [String] {
    chunks.map { chunk in
      let body = chunk.ids.dropFirst()
      return tokenizer.decode(body.prefix(upTo: body.firstIndex(of: tokenizer.end) ?? body.endIndex))
    }
  }

  @Test("a short prompt is one chunk with start, end and padding; weights stand at their tokens")
  func short() throws {
    let tokenizer = try tokenizer()
    let found = try chunks("a (b:1.5)")
    let (a, b) = (tokenizer.ids(for: "a"), tokenizer.ids(for: "b"))
    #expect(a.count == 1 && b.count == 1)
    #expect(found.count == 1)
    #expect(found[0].ids == tokenizer.encode("a b"))
    #expect(found[0].weights == [1, 1, 1.5] + Array(repeating: 1, count: 74))
    #expect(found[0].promptCount == 2)
    #expect(try chunks("").map(\.ids) == [tokenizer.encode("")])
    #expect(try chunks("")[0].promptCount == 0)
  }

  @Test("75 tokens fill a chunk, the 76th begins another; BREAK begins one at once")
  func full() throws {
    let tokenizer = try tokenizer()
    let word = { (count: Int) in Array(repeating: "a", count: count).joined(separator: " ") }
    #expect(try chunks(word(75)).map(\.ids) == [tokenizer.encode(word(75))])
    #expect(try chunks(word(76)).map(\.ids) == [tokenizer.encode(word(75)), tokenizer.encode("a")])
    #expect(try chunks(word(151)).map(\.ids.count) == [77, 77, 77])
    #expect(try chunks("a BREAK b").map(\.ids) == [tokenizer.encode("a"), tokenizer.encode("b")])
    #expect(try texts(chunks("BREAK a"), tokenizer) == ["", "a"])
  }

  @Test("a phrase goes to the next chunk whole if it began behind a comma not more than 20 tokens ago")
  func commas() throws {
    let tokenizer = try tokenizer()
    func words(_ count: Int, _ word: String) -> String { Array(repeating: word, count: count).joined(separator: " ") }
    // Comma at place 60 of 75: the 14 tokens behind it move.
    let near = try texts(chunks(words(60, "a") + "," + words(20, " b")), tokenizer)
    #expect(near == [words(60, "a") + " ,", words(20, "b")])
    // At place 54, 21 tokens back, it is too far away.
    let far = try texts(chunks(words(54, "a") + "," + words(30, " b")), tokenizer)
    #expect(far == [words(54, "a") + " , " + words(20, "b"), words(10, "b")])
    // At place 55, 20 tokens back, it is not.
    let edge = try texts(chunks(words(55, "a") + "," + words(30, " b")), tokenizer)
    #expect(edge == [words(55, "a") + " ,", words(30, "b")])
    // A comma that does not fit itself begins the next chunk.
    let last = try texts(chunks(words(75, "a") + ", b"), tokenizer)
    #expect(last == [words(75, "a"), ", b"])
  }

  @Test("emphasis multiplies rows and brings the chunk's mean back", arguments: ["clip-quick", "clip-half"])
  func emphasis(model: String) throws {
    let encoder = try TextEncoder(ModelLocation(Fixture.path(model)))
    let tokenizer = try tokenizer()
    let chunks = tokenizer.chunks(of: PromptPiece.pieces(of: "a (b:1.5) BREAK a b"))
    let plain = encoder.conditioning(chunks.map(\.ids))  // [2, 77, width]
    let found = encoder.conditioning(chunks)
    let width = plain.width
    #expect(found.shape == [154, width])
    var (before, after) = (0.0, 0.0)
    var expected = plain.elements.map(Double.init)
    for index in 0..<77 * width {
      before += expected[index]
      if index / width == 2 { expected[index] *= 1.5 }
      after += expected[index]
    }
    for index in 0..<77 * width { expected[index] *= before / after }
    expectClose(found, Tensor(expected.map { Float($0) }, shape: found.shape), relative: 1e-6, model)
  }

  @Test("nothing is multiplied where nothing is emphasised")
  func plain() throws {
    let encoder = try TextEncoder(ModelLocation(Fixture.path("clip-quick")))
    let chunks = try chunks("a b, c")
    #expect(encoder.conditioning(chunks).elements == encoder.conditioning(chunks.map(\.ids)).elements)
  }
}
