import Files
import Testing

@Suite struct ByteStrings {
  @Test("strings that are equal only to Unicode stay different") func equality() {
    let (composed, decomposed) = ("\u{E9}", "e\u{301}")
    #expect(composed == decomposed)
    #expect(ByteString(composed) != ByteString(decomposed))
    #expect(Set([ByteString(composed), ByteString(decomposed)]).count == 2)
  }

  @Test("strings are ordered byte by byte") func order() {
    let sorted: [ByteString] = ["", "Z", "a", "aa", "b", "\u{E9}", "\u{20AC}"]
    #expect(sorted.shuffled().sorted() == sorted)
  }

  @Test("bytes that are not UTF-8 have no text") func text() {
    #expect(ByteString([0x61, 0xC3]).string == nil)
    #expect(ByteString("a\u{20AC}").string == "a\u{20AC}")
  }

  @Test(
    "a description is one line without tricks",
    arguments: [
      ([0x61, 0x0A, 0x1B, 0x7F], #"a\x0a\x1b\x7f"#),
      ([0x61, 0xFF, 0xC3], #"a\xff\xc3"#),
      (Array("süß 日本 👩‍👩‍👧".utf8), "süß 日本 👩‍👩‍👧"),
      (Array("a\u{202E}b\u{2028}".utf8), #"a\xe2\x80\xaeb\xe2\x80\xa8"#),
    ])
  func description(bytes: [UInt8], text: String) {
    #expect(ByteString(bytes).description == text)
  }

  @Test("a long description is cut") func long() {
    let description = ByteString(Array(repeating: 0x61, count: 1000)).description
    #expect(description == String(repeating: "a", count: 200) + "…")
  }

  @Test("beginnings, ends, sums") func parts() {
    let name: ByteString = "text_model.weight"
    #expect(name.hasPrefix("text_model."))
    #expect(!name.hasPrefix("weight"))
    #expect(name.hasSuffix(".weight"))
    #expect(!ByteString("t").hasSuffix("weight"))
    #expect(name.dropping(11) == "weight")
    #expect("text_model." + name.dropping(11) == name)
  }
}
