import CLIPKit
import Files
import Foundation
import SystemPackage
import TestSupport
import Testing

/// What is wrong with a tokenizer's files is an error with one line, whatever it is.
@Suite struct TokenizerFileTests {
  /// A tokenizer.json with these entries, merges and added tokens beside one entry for every byte.
  private func tokenizer(
    entries: String = "", merges: String = "", added: String = "", model: String = "", configuration: String? = nil
  ) throws -> Tokenizer {
    try withTemporaryFolder { folder in
      let vocabulary = #""<|startoftext|>": 0, "<|endoftext|>": 1, "a": 2, "b</w>": 3, "ab</w>": 4"#
      let text = """
        {"added_tokens": [\(added)], "model": {"type": "BPE", "end_of_word_suffix": "</w>", "unk_token": "<|endoftext|>",
        "vocab": {\(vocabulary)\(entries)}, "merges": [\(merges)]\(model)}}
        """
      try write(text, to: folder.appending("tokenizer.json"))
      if let configuration { try write(configuration, to: folder.appending("tokenizer_config.json")) }
      return try Tokenizer(folder: folder)
    }
  }

  @Test("bytes without an entry are the unknown token; merges need both neighbours") func unknown() throws {
    #expect(try tokenizer().ids(for: "ab ax b a") == [2, 3, 2, 1, 3, 1])
    #expect(try tokenizer(merges: #""a b</w>""#).ids(for: "ab aab") == [4, 2, 4])
  }

  @Test("added tokens get the vocabulary's id, the claimed one, or the next free one") func addedTokens() throws {
    let one = try tokenizer(added: #"{"id": 9, "content": "<x>"}"#)
    #expect(one.ids(for: "a<x>") == [1, 9])
    #expect(one.count == 10)
    #expect(one.piece(9) == "<x>")
    #expect(one.decode([0, 2, 3, 9]) == "<|startoftext|> ab <x>")
    let padded = try tokenizer(configuration: #"{"pad_token": "<pad>"}"#)
    #expect(padded.padding == 5)
    #expect(padded.encode("ab", length: 5) == [0, 2, 3, 1, 5])
  }

  @Test("a merge that makes a better one possible lets it go first, as in the reference") func mergeOrder() throws {
    // "b c" comes last, so "a b" is merged first, and then "ab c</w>" before anything else.
    let entries = #", "b": 5, "c": 6, "ab": 7, "bc": 8, "c</w>": 9, "abc</w>": 10"#
    let merges = #""ab c</w>", "a b", "b c""#
    #expect(try tokenizer(entries: entries, merges: merges).ids(for: "abc abcb") == [10, 7, 6, 3])
  }

  private static let faults: [(entries: String, merges: String, added: String, model: String, problem: String)] = [
    (#", "c": 4"#, "", "", "", "the id 4 stands for two tokens, one of them \"c\""),
    (#", "c": -1"#, "", "", "", "the token \"c\" has no id that is a whole number"),
    (#", "c": 1e3"#, "", "", "", "the token \"c\" has no id that is a whole number"),
    (#", "c": 99999999999999999999"#, "", "", "", "the token \"c\" has no id that is a whole number"),
    (#", "a": 7"#, "", "", "", "is not valid JSON: the name \"a\" stands twice"),
    ("", #""a c""#, "", "", "merge 1 needs \"c\", which is not in the vocabulary"),
    ("", #""b</w> a""#, "", "", "merge 1 needs \"b</w>a\", which is not in the vocabulary"),
    ("", #""a b c""#, "", "", "merge 1 is not a pair of tokens"),
    ("", #"["a"]"#, "", "", "merge 1 is not a pair of tokens"),
    ("", "7", "", "", "merge 1 is not a pair of tokens"),
    ("", "", #"{"id": 4, "content": "<x>"}"#, "", "the id 4 stands for two tokens, \"ab</w>\" and \"<x>\""),
    ("", "", #"{"id": 4, "content": "a"}"#, "", "the added token \"a\" has the id 4, but 2 in the vocabulary"),
    ("", "", #"{"id": -4, "content": "<x>"}"#, "", "the added token \"<x>\" has the id -4, which is no token id"),
    ("", "", #"{"id": 4}"#, "", "an entry of \"added_tokens\" has no \"content\" or no \"id\""),
    (
      "", "", #"{"id": 9, "content": "<x>"}, {"id": 9, "content": "<y>"}"#, "",
      "the id 9 stands for two tokens, \"<x>\" and \"<y>\""
    ),
    ("", "", "", #", "continuing_subword_prefix": "@@""#, "uses the continuing_subword_prefix \"@@\""),
  ]

  @Test("a contradiction is named", arguments: faults.indices) func contradiction(_ index: Int) throws {
    let (entries, merges, added, model, problem) = Self.faults[index]
    let error = try #require(throws: FileError.self) {
      try tokenizer(entries: entries, merges: merges, added: added, model: model)
    }
    #expect(error.problem.hasPrefix(problem), "\(error)")
    #expect(error.kind == .malformed)
  }

  @Test("files that are no tokenizer's are named for what they lack") func wrongFiles() throws {
    let cases: [([String: String], String)] = [
      ([:], "holds no tokenizer"),
      (["vocab.json": "{}"], "holds no tokenizer"),
      (["vocab.json": "{}", "merges.txt": ""], "the vocabulary is empty"),
      (["vocab.json": #"{"a": 0}"#, "merges.txt": ""], "not every byte has a token"),
      (["vocab.json": #"{"a": 0}"#, "merges.txt": "#version: 0.2\na b c\n"], "line 2 is not two tokens"),
      (["vocab.json": "hello", "merges.txt": ""], "is not valid JSON"),
      (["tokenizer.json": "{}"], "has no object \"model\""),
      (["tokenizer.json": #"{"model": {"type": "WordPiece"}}"#], "its model is of the type \"WordPiece\""),
      (["tokenizer.json": #"{"model": {"vocab": {}}}"#], "its model has no \"vocab\" object and \"merges\" list"),
      (
        ["tokenizer.json": #"{"model": {"vocab": {"u": 0}, "merges": [], "unk_token": "u"}}"#],
        "has no token \"<|startoftext|>\""
      ),
    ]
    for (files, problem) in cases {
      try withTemporaryFolder { folder in
        for (name, text) in files { try write(text, to: folder.appending(name)) }
        let error = try #require(throws: FileError.self) { try Tokenizer(folder: folder) }
        #expect(error.problem.hasPrefix(problem), "\(error)")
      }
    }
  }

  private static let files = ["tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json", "config.json"]

  @Test("broken files give an error or a tokenizer, quickly", arguments: files) func broken(_ name: String) throws {
    let folders = ["vocab.json", "merges.txt"].contains(name) ? "text-encoders/pipeline/tokenizer/" : "tokenizer/"
    let seed = try Fixture.bytes(name == "config.json" ? "clip-quick/config.json" : folders + name)
    try withTemporaryFolder { folder in
      if folders != "tokenizer/" {
        for file in ["vocab.json", "merges.txt"] where file != name {
          try OutputFile.write(Fixture.bytes(folders + file), to: folder.appending(file), replacing: false)
        }
      } else if name == "tokenizer_config.json" {
        try OutputFile.write(
          Fixture.bytes("tokenizer/tokenizer.json"), to: folder.appending("tokenizer.json"), replacing: false)
      }
      var refused = 0
      var slowest = Duration.zero
      for bytes in Mutations(of: [seed]) {
        // Not through OutputFile, which waits for the disk.
        try Data(bytes).write(to: URL(filePath: folder.appending(name).string))
        let time = processorTime {
          do throws(FileError) {
            if name == "config.json" {
              _ = try CLIPConfiguration(file: folder.appending(name))
            } else {
              let tokenizer = try Tokenizer(folder: folder)
              let ids = tokenizer.encode("A photo of Café 海の絵 <|endoftext|> it's 👩‍🚀!")
              #expect(ids.count == 77)
              #expect(ids.allSatisfy { (0..<tokenizer.count).contains($0) })
            }
          } catch {
            refused += 1
            #expect(!error.description.contains("\n"))
            #expect(error.problem.utf8.count < 1000)
          }
        }
        slowest = max(slowest, time)
      }
      #expect(refused > 0)
      #expect(slowest < .seconds(1), "the slowest took \(slowest)")
    }
  }
}
