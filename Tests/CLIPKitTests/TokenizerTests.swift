import CLIPKit
import Files
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Ids against those of transformers 5.23 (Tools/reference/tokenizer.py).
@Suite struct TokenizerTests {
  @Test("ids of hostile prompts equal transformers', with the small vocabulary") func hostilePrompts() throws {
    let tokenizer = try Tokenizer(folder: Fixture.path("tokenizer"))
    let prompts = try #require(try Fixture.json("prompts.json")["prompts"]?.array)
    #expect(prompts.count >= 200)
    for prompt in prompts {
      let text = try #require(prompt["text"]?.text)
      let expected = try #require(prompt["ids"]?.integers)
      #expect([tokenizer.start] + tokenizer.ids(for: text) + [tokenizer.end] == expected, "\(text.debugDescription)")
    }
  }

  @Test(
    "ids of hostile prompts equal transformers', with OpenAI's vocabulary",
    .enabled(if: Fixture.openAIVocabulary != nil))
  func hostilePromptsOpenAI() throws {
    let tokenizer = try Tokenizer(folder: #require(Fixture.openAIVocabulary))
    #expect(tokenizer.count == 49408)
    #expect(tokenizer.start == 49406)
    #expect(tokenizer.end == 49407)
    let prompts = try #require(try Fixture.json("prompts.json")["prompts"]?.array)
    let ids = try #require(try Fixture.json("prompts-openai.json")["ids"]?.array)
    #expect(prompts.count == ids.count)
    for (prompt, expected) in zip(prompts, ids) {
      let text = try #require(prompt["text"]?.text)
      #expect([49406] + tokenizer.ids(for: text) + [49407] == expected.integers, "\(text.debugDescription)")
    }
  }

  @Test("vocab.json with merges.txt, and tokenizer.json in both spellings of merges, give the same ids")
  func sameFromEveryFile() throws {
    let text = "a photo of Café crème, 海の絵 ((best)) 👩‍🚀 <|endoftext|> it's"
    let expected = try Tokenizer(folder: Fixture.path("tokenizer")).ids(for: text)
    let vocabulary = try Fixture.bytes("tokenizer/vocab.json")
    let merges = try String(decoding: Fixture.bytes("tokenizer/merges.txt"), as: UTF8.self)
    let lines = merges.split(separator: "\n")
    let json = try String(decoding: Fixture.bytes("tokenizer/tokenizer.json"), as: UTF8.self)
    let mergesAt = try #require(json.range(of: "\"merges\": "))
    let joined = lines.dropFirst().map { "\"\($0)\"" }.joined(separator: ",")
    let spelt = json[..<mergesAt.upperBound] + "[\(joined)]}}"
    let folders: [[String: [UInt8]]] = [
      ["vocab.json": vocabulary, "merges.txt": Array(merges.utf8)],
      ["vocab.json": vocabulary, "merges.txt": Array(lines.joined(separator: "\r\n").utf8)],
      ["vocab.json": vocabulary, "merges.txt": Array(lines.dropFirst().joined(separator: "\n").utf8)],
      ["tokenizer.json": Array(json.utf8)],
      ["tokenizer.json": Array(spelt.utf8)],
    ]
    for files in folders {
      try withTemporaryFolder { folder in
        for (name, bytes) in files { try OutputFile.write(bytes, to: folder.appending(name), replacing: false) }
        #expect(try Tokenizer(folder: folder).ids(for: text) == expected)
      }
    }
  }

  @Test("special tokens follow transformers' precedence", arguments: 0..<4)
  func specialTokens(_ number: Int) throws {
    let examples = try #require(try Fixture.json("special-tokens.json")["cases"]?.array)
    #expect(examples.count == 4)
    let example = examples[number]
    let texts = try #require(example["texts"]?.array)
    let ids = try #require(example["ids"]?.array)
    try withTemporaryFolder { folder in
      for name in ["vocab.json", "merges.txt"] {
        try OutputFile.write(Fixture.bytes("tokenizer/\(name)"), to: folder.appending(name), replacing: false)
      }
      for member in try #require(example["files"]?.object).members {
        let name = try #require(member.name.string)
        try OutputFile.write(try #require(member.value.string).bytes, to: folder.appending(name), replacing: false)
      }
      let tokenizer = try Tokenizer(folder: folder)
      #expect(tokenizer.padding == example["padding"]?.integer)
      for (text, expected) in zip(texts, ids) {
        let text = try #require(text.text)
        #expect([662] + tokenizer.ids(for: text) + [663] == expected.integers, "\(text)")
      }
    }
    // What transformers saves of this, and reads back with the same result, is one file.
    try withTemporaryFolder { folder in
      let json = try String(decoding: Fixture.bytes("tokenizer/tokenizer.json"), as: UTF8.self)
      let first = try #require(json.range(of: "\"added_tokens\": "))
      let last = try #require(json.range(of: ",\n  \"normalizer\""))
      let added = try #require(example["added_tokens"]?.text)
      let text = json[..<first.upperBound] + added + json[last.lowerBound...]
      try OutputFile.write(Array(text.utf8), to: folder.appending("tokenizer.json"), replacing: false)
      let tokenizer = try Tokenizer(folder: folder)
      for (text, expected) in zip(texts, ids) {
        let text = try #require(text.text)
        #expect([662] + tokenizer.ids(for: text) + [663] == expected.integers, "\(text) from tokenizer.json")
      }
    }
  }

  @Test("sequences are cut off and filled up") func sequences() throws {
    let tokenizer = try Tokenizer(folder: Fixture.path("text-encoders/pipeline"))
    #expect(tokenizer.encode("").elementsEqual([662] + Array(repeating: 663, count: 76)))
    #expect(tokenizer.encode("", padding: 0) == [662, 663] + Array(repeating: 0, count: 75))
    let long = tokenizer.ids(for: String(repeating: "photo of ", count: 45))
    #expect(long.count == 90)
    #expect(tokenizer.encode(String(repeating: "photo of ", count: 45)) == [662] + long.prefix(75) + [663])
    #expect(tokenizer.encode("photo of a", length: 4) == [662] + long.prefix(2) + [663])
  }

  @Test("ids turn back into text") func decoding() throws {
    let tokenizer = try Tokenizer(folder: Fixture.path("tokenizer"))
    let ids = tokenizer.ids(for: "A Photo of CAFÉ 海の絵 it's 👩‍🚀!")
    #expect(tokenizer.decode(ids) == "a photo of café 海の絵 it 's 👩‍🚀!")
    #expect(tokenizer.piece(662) == "<|startoftext|>")
    #expect(tokenizer.piece(0) == "!")
    #expect(tokenizer.piece(664) == nil)
    #expect(tokenizer.piece(-1) == nil)
    #expect(tokenizer.endsWord(256))
    #expect(!tokenizer.endsWord(0))
    #expect(tokenizer.piece(256) == "!")
  }

  @Test(
    "a word of a megabyte takes no quadratic time",
    arguments: ["a", "é", "海", "\u{301}\u{323}", "ab!", "\u{f73}\u{323}"])
  func longWords(_ unit: String) throws {
    let tokenizer = try Tokenizer(folder: Fixture.path("tokenizer"))
    let word = String(repeating: unit, count: (1 << 20) / unit.utf8.count)
    let time = processorTime { #expect(!tokenizer.ids(for: word).isEmpty) }
    // It takes half a second; minutes if it were quadratic.
    #expect(time < .seconds(5), "\(time)")
  }
}
