import Files
import SystemPackage
import TestSupport
import Testing

@Suite struct JSONParsing {
  private func parse(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }

  @Test("a text is read") func reading() throws {
    let json = try parse(" {\"a\":[1,-2.5e3,true,false,null,\"x\"],\"b\":{}}\n\t\r")
    let array = try #require(json["a"]?.array)
    #expect(array.map(\.integer) == [1, nil, nil, nil, nil, nil])
    #expect(array[1].double == -2500)
    #expect(array[2].bool == true && array[3].bool == false && array[4] == .null)
    #expect(array[5].string == "x")
    #expect(json["b"]?.object?.members.isEmpty == true)
    #expect(json["c"] == nil)
    #expect(json.object?.members.map(\.name) == ["a", "b"])
  }

  @Test(
    "escapes and code points are resolved",
    arguments: [
      (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "A\u{E9}\u{20AC}"),
      (#""\ud83d\ude00\uD83D\uDE00""#, "😀😀"), (#""\u0000""#, "\0"), ("\"süß\u{7F}\u{10FFFF}\"", "süß\u{7F}\u{10FFFF}"),
      ("\"\"", ""),
    ])
  func strings(text: String, value: String) throws { #expect(try parse(text).string == ByteString(value)) }

  @Test(
    "numbers keep their spelling",
    arguments: [
      "0", "-0", "12", "-1.5", "1e5", "1E+5", "1e-400", "1e400", "18446744073709551616", "0.1e0",
    ])
  func numbers(text: String) throws {
    guard case .number(let number) = try parse(text) else {
      Issue.record("\(text) is a number")
      return
    }
    #expect(number.spelling == text)
  }

  @Test("integers are those that are written plainly and fit") func integers() throws {
    #expect(try parse("9223372036854775807").integer == .max)
    #expect(try parse("9223372036854775808").integer == nil)
    #expect(try parse("1.0").integer == nil)
    #expect(try parse("1e400").double == .infinity)
  }

  @Test(
    "what RFC 8259 does not allow is refused, and where",
    arguments: [
      ("", "the JSON text ends too early", 0), ("  ", "the JSON text ends too early", 2),
      ("{\"a\":1,}", "a name in quotes was expected", 7), ("[1,]", "a JSON value was expected", 3),
      ("[1 2]", "',' or ']' was expected", 3), ("{\"a\" 1}", "':' was expected", 5), ("{a:1}", "a name in quotes", 1),
      ("{\"a\":1", "',' or '}' was expected", 6), ("1 2", "text after the end", 2), ("{}\0", "text after the end", 2),
      ("01", "text after the end", 1), ("1.", "a JSON value was expected", 2), (".5", "a JSON value was expected", 0),
      ("+1", "a JSON value was expected", 0), ("1e", "a JSON value was expected", 2),
      ("-", "a JSON value was expected", 1),
      ("0x1", "text after the end", 1), ("NaN", "a JSON value was expected", 0), ("Infinity", "a JSON value", 0),
      ("tru", "a JSON value was expected", 3), ("nul", "a JSON value", 3), ("falsy", "a JSON value", 4),
      ("'a'", "a JSON value", 0), ("// a\n1", "a JSON value", 0), ("\"a", "a string without an end", 2),
      ("\"\\", "a string without an end", 2), ("\"\\x\"", "an unknown escape", 3),
      ("\"a\nb\"", "a control character", 3),
      ("\"\u{1F}\"", "a control character", 2), ("\"\\u12g4\"", "four hexadecimal digits", 5),
      ("\"\\ud800\"", "half a surrogate pair", 7), ("\"\\udc00\"", "half a surrogate pair", 7),
      ("\"\\ud800\\u0041\"", "half a surrogate pair", 13), ("\"\\ud800x\"", "half a surrogate pair", 7),
      ("{\"a\":1,\"a\":1}", "the name \"a\" stands twice", 11),
      ("{\"a\":1,\"\\u0061\":2}", "the name \"a\" stands twice", 16),
      ("\u{FEFF}{}", "a JSON value was expected", 0),
      ("{\"a\":{\"b\":1,\"c\":2,\"b\":3}}", "the name \"b\" stands twice", 22),
    ])
  func refused(text: String, problem: String, offset: Int) {
    let error = #expect(throws: JSONError.self) { try parse(text) }
    #expect(error?.problem.contains(problem) == true, "\(error?.description ?? "nothing thrown")")
    #expect(error?.offset == offset)
  }

  @Test(
    "what is not UTF-8 is refused",
    arguments: [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
      [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
      [0x22, 0xE2, 0x82, 0x22], [0xFF, 0xFE, 0x7B, 0, 0x7D, 0],
    ] as [[UInt8]])
  func encoding(bytes: [UInt8]) {
    let error = #expect(throws: JSONError.self) { try JSON(parsing: bytes) }
    #expect(error?.problem == "not UTF-8")
  }

  @Test("128 levels are read, 129 are refused") func depth() throws {
    func nested(_ levels: Int) -> String {
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    _ = try parse(nested(128))
    let error = #expect(throws: JSONError.self) { try parse(nested(129)) }
    #expect(error?.problem == "nested more than 128 levels deep")
    #expect(throws: JSONError.self) { try parse(String(repeating: "{\"a\":", count: 100_000)) }
  }

  @Test("an object of many names finds each, and a double among them") func many() throws {
    let names = (0..<1000).map { "\"n\($0)\":\($0)" }.joined(separator: ",")
    let json = try parse("{\(names)}")
    for number in 0..<1000 { #expect(json["n\(number)"]?.integer == number) }
    #expect(throws: JSONError.self) { try parse("{\(names),\"n500\":0}") }
  }

  @Test("spoilt texts") func spoilt() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      let seeds = [
        #"{"text_config":{"hidden_size":768,"eps":1e-05,"act":"quick_gelu","ids":[0,49406,49407]},"é\n😀":[null,true]}"#,
        #"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"__metadata__":{"format":"pt"}}"#,
        "{\"vocab\":{" + (0..<200).map { "\"w\($0)</w>\":\($0)" }.joined(separator: ",") + "}}",
        String(repeating: "[{\"a\":", count: 60) + "0" + String(repeating: "}]", count: 60),
      ]
      try fuzz(seeds.map { Array($0.utf8) }) { path in
        let bytes = try InputFile(path).readAll(limit: 1 << 20)
        do throws(JSONError) {
          _ = try JSON(parsing: bytes)
        } catch { throw FileError(.malformed, path, error.description) }
      }
    }
    expectPassed(result)
  }
}
