import Files
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite struct SafetensorsReading {
  @Test(
    "a file written by the format's own library is read bit for bit",
    arguments: [
      "types.safetensors", "unreadable.safetensors", "written.safetensors",
    ])
  func reference(name: String) throws {
    let file = try SafetensorsFile(WeightsFixtures.path(name))
    try expectTensors(file, try WeightsFixtures.tensors(name))
    let metadata = try WeightsFixtures.facts(name)["metadata"]?.object?.members ?? []
    #expect(file.metadata == Dictionary(uniqueKeysWithValues: metadata.map { ($0.name, $0.value.string ?? "") }))
  }

  @Test("a header is accepted", arguments: Header.accepted)
  func accepted(header: Header) throws {
    try withFile(header.file) { path in
      let file = try SafetensorsFile(path)
      #expect(file.names == header.names)
      for name in file.names { #expect(try file.tensor(name).elements == header.values) }
    }
  }

  @Test("a header is refused", arguments: Header.refused)
  func refused(header: Header) throws {
    try expectRefusal(header.file, header.words) { try SafetensorsFile($0) }
  }

  @Test(
    "a header of impossible length is refused before anything is allocated",
    arguments: [
      (UInt64.max, 8), (1 << 63, 8), (100_000_001, 8), (9, 8), (1 << 40, 8),
    ])
  func length(announced: UInt64, present: Int) throws {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: announced >> (8 * $0)) }
    try expectRefusal(bytes + Array("{}      ".utf8.prefix(present)), "a header of \(announced) bytes is announced") {
      try SafetensorsFile($0)
    }
  }

  @Test("a file shorter than the length of its header is refused", arguments: 0..<8)
  func short(count: Int) throws {
    try expectRefusal(Array(repeating: 0, count: count), "is \(count) bytes long") { try SafetensorsFile($0) }
  }

  @Test("a tensor that is not there is named") func missing() throws {
    let file = try SafetensorsFile(WeightsFixtures.path("types.safetensors"))
    let error = #expect(throws: FileError.self) { try file.tensor("no such\n") }
    #expect(error?.problem == #"has no tensor "no such\x0a""#)
    #expect(file.shape(of: "no such") == nil)
  }

  @Test("a file that becomes shorter while it is open gives an error") func shrinking() throws {
    try withFile(Header.one.file) { path in
      let file = try SafetensorsFile(path)
      let descriptor = try FileDescriptor.open(path, .writeOnly)
      try descriptor.resize(to: 10)
      try descriptor.close()
      let error = #expect(throws: FileError.self) { try file.tensor("a") }
      #expect(error?.problem == "became shorter while it was read")
    }
  }

  @Test(
    "a tensor that several threads read is read bit for bit, and one that is cut short gives an error", arguments: 1...3
  )
  func large(threads: Int) throws {
    // More than a thread takes at a time, and no multiple of it; every finite number of half precision is among them.
    let bits = (0..<(1 << 19) + 5).map { UInt16($0 % 0x7C00) }
    let header = Header(
      "large", #"{"a":{"dtype":"F16","shape":[\#(bits.count)],"data_offsets":[0,\#(2 * bits.count)]}}"#.utf8,
      data: bits.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] })
    try Threads.with(threads) {
      try withFile(header.file) { path in
        let file = try SafetensorsFile(path)
        // Not in the expectation itself, which would look for the differences.
        let isSame = try file.tensor("a").elements == bits.map { Float(Float16(bitPattern: $0)) }
        #expect(isSame)
        let descriptor = try FileDescriptor.open(path, .writeOnly)
        try descriptor.resize(to: Int64(header.file.count - 1))
        try descriptor.close()
        let error = #expect(throws: FileError.self) { try file.tensor("a") }
        #expect(error?.problem == "became shorter while it was read")
      }
    }
  }
}

/// A header, and what should come of it.
struct Header: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let text: [UInt8]
  /// The bytes behind the header.
  let data: [UInt8]
  var names: [ByteString] = ["a"]
  var values: [Float] = [1]
  var words = ""

  init(_ description: String, _ text: some Sequence<UInt8>, data: [UInt8] = [0, 0, 0x80, 0x3F]) {
    testDescription = description
    self.text = Array(text)
    self.data = data
  }

  /// The whole file.
  var file: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data }

  func named(_ names: [ByteString], _ values: [Float] = [1]) -> Header {
    var copy = self
    (copy.names, copy.values) = (names, values)
    return copy
  }

  func refused(_ words: String) -> Header {
    var copy = self
    copy.words = words
    return copy
  }

  private static let f32 = #""dtype":"F32","shape":[1],"data_offsets":[0,4]"#
  private static func tensor(_ fields: String, data: Int = 4, _ description: String) -> Header {
    Header(description, #"{"a":{\#(fields)}}"#.utf8, data: Array(repeating: 0, count: data))
  }

  static let one = Header("one tensor", "{\"a\":{\(f32)}}".utf8)

  static let accepted: [Header] = [
    one,
    Header("leading white space", " \n\t\r{\"a\":{\(f32)}}".utf8),
    Header("trailing white space", "{\"a\":{\(f32)}} \n".utf8),
    Header("a length that is no multiple of eight", "{\"a\": {\(f32)}}".utf8),
    Header("an extra field", "{\"a\":{\(f32),\"more\":[{\"b\":null},-1e400,true,\"\\ud83d\\ude00\"]}}".utf8),
    Header("null for metadata", "{\"__metadata__\":null,\"a\":{\(f32)}}".utf8),
    Header("an empty name", "{\"\":{\(f32)}}".utf8).named([""]),
    Header("a name with a zero byte", "{\"x\\u0000y\":{\(f32)}}".utf8).named([ByteString([0x78, 0, 0x79])]),
    Header(
      "names equal only to Unicode",
      (#"{"\u00e9":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"e\u0301":{"dtype":"F32","shape":[1],"#
        + #""data_offsets":[4,8]}}"#).utf8, data: [0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x3F]
    )
    .named([ByteString([0xC3, 0xA9]), ByteString([0x65, 0xCC, 0x81])]),
    Header(
      "entries that are not in the order of their bytes",
      (#"{"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"#
        + #""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#).utf8,
      data: [0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x3F]
    ).named(["b", "a"]),
    Header(
      "floats at an odd offset",
      (#"{"x":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]},"#
        + #""a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#).utf8, data: [2, 0, 0, 0x80, 0x3F]
    )
    .named(["x", "a"]),
    Header("a scalar", #"{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#.utf8),
    Header("no tensors", "{}".utf8, data: []).named([], []),
    Header(
      "an empty tensor at the running end", (#"{"e":{"dtype":"F32","shape":[2,0],"data_offsets":[0,0]}}"#).utf8,
      data: []
    ).named(["e"], []),
    Header(
      "a shape of nothing times very much",
      (#"{"e":{"dtype":"U8","shape":[0,576460752303423488],"data_offsets":[0,0]}}"#).utf8, data: []
    )
    .named(["e"], []),
  ]

  static let refused: [Header] = [
    Header("not UTF-8", [0x7B, 0x22, 0xFF, 0x22, 0x7D], data: []).refused("not UTF-8"),
    Header("a byte-order mark", [0xEF, 0xBB, 0xBF] + "{\"a\":{\(f32)}}".utf8).refused("an object was expected"),
    Header("padding with zeros", "{\"a\":{\(f32)}}\0\0".utf8).refused("text after the end"),
    Header("a trailing comma", "{\"a\":{\(f32)},}".utf8).refused("a name in quotes was expected"),
    Header("an array at the root", "[]".utf8, data: []).refused("an object was expected"),
    Header("nesting of 200 levels", ("{\"a\":{\"x\":" + String(repeating: "[", count: 200)).utf8)
      .refused("nested more than 128 levels"),
    Header("a name twice", "{\"a\":{\(f32)},\"a\":{\(f32)}}".utf8).refused("the name \"a\" stands twice"),
    Header("a name twice, spelled differently", "{\"a\":{\(f32)},\"\\u0061\":{\(f32)}}".utf8)
      .refused("the name \"a\" stands twice"),
    Header("a name twice in the metadata", "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"},\"a\":{\(f32)}}".utf8)
      .refused("the name \"k\" stands twice in __metadata__"),
    Header("metadata twice", "{\"__metadata__\":{},\"__metadata__\":{},\"a\":{\(f32)}}".utf8)
      .refused("the name \"__metadata__\" stands twice"),
    tensor("\(f32),\"dtype\":\"F32\"", "a field twice").refused("\"dtype\" stands twice in the tensor \"a\""),
    Header(
      "a hole between tensors",
      (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#)
        .utf8, data: [0, 0, 0]
    ).refused("\"b\" begins at byte 2 of the data, expected 1"),
    Header("a hole at the beginning", #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#.utf8, data: [0, 0])
      .refused("\"a\" begins at byte 1 of the data, expected 0"),
    Header(
      "tensors that overlap",
      (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#)
        .utf8, data: [0, 0, 0]
    ).refused("\"b\" begins at byte 1 of the data, expected 2"),
    Header(
      "two tensors of the same bytes",
      (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#)
        .utf8, data: [0, 0]
    ).refused("begins at byte 0 of the data, expected 2"),
    Header("bytes at the end", "{\"a\":{\(f32)}}".utf8, data: Array(repeating: 0, count: 5))
      .refused("take 4 bytes, but 5 follow"),
    Header("missing bytes", "{\"a\":{\(f32)}}".utf8, data: [0, 0, 0]).refused("take 4 bytes, but 3 follow"),
    tensor(#""dtype":"U8","shape":[1],"data_offsets":[1,0]"#, data: 1, "an end before the beginning")
      .refused("data_offsets that are not a range"),
    Header(
      "an empty tensor elsewhere than at the running end",
      (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"e":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}"#)
        .utf8, data: [0, 0]
    ).refused("\"e\" begins at byte 1 of the data, expected 2"),
    tensor(#""dtype":"F31","shape":[1],"data_offsets":[0,4]"#, "an unknown type").refused("unknown dtype \"F31\""),
    tensor(#""dtype":"f32","shape":[1],"data_offsets":[0,4]"#, "a type in lower case").refused("unknown dtype \"f32\""),
    tensor(#""dtype":"F32","shape":[1.0],"data_offsets":[0,4]"#, "a length with a point").refused("not a whole number"),
    tensor(#""dtype":"F32","shape":[1e0],"data_offsets":[0,4]"#, "a length with an exponent")
      .refused("not a whole number"),
    tensor(#""dtype":"F32","shape":[-1],"data_offsets":[0,4]"#, "a negative length").refused("not a whole number"),
    tensor(#""dtype":"F32","shape":[1],"data_offsets":[-0,4]"#, "a negative offset").refused("not a whole number"),
    tensor(#""dtype":"F32","shape":[1],"data_offsets":[0,4,4]"#, "three offsets").refused("more than 2 numbers"),
    tensor(#""dtype":"F32","shape":[1],"data_offsets":[0]"#, "one offset").refused("not a range"),
    tensor(#""dtype":"F32","data_offsets":[0,4]"#, "no shape").refused("lacks one of dtype, shape and data_offsets"),
    tensor(#""dtype":"F32","shape":"1","data_offsets":[0,4]"#, "a shape that is text").refused("an array was expected"),
    tensor(
      "\"dtype\":\"U8\",\"shape\":[\(Array(repeating: "1", count: 65).joined(separator: ","))],"
        + "\"data_offsets\":[0,1]", data: 1, "65 axes"
    ).refused("more than 64 numbers"),
    Header("metadata that is a number", "{\"__metadata__\":{\"k\":1},\"a\":{\(f32)}}".utf8)
      .refused("a string was expected"),
    Header("metadata in metadata", "{\"__metadata__\":{\"k\":{}},\"a\":{\(f32)}}".utf8)
      .refused("a string was expected"),
    Header("half a surrogate pair", "{\"__metadata__\":{\"k\":\"\\ud800\"},\"a\":{\(f32)}}".utf8)
      .refused("half a surrogate pair"),
    tensor(#""dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]"#, "a product beyond 64 bits")
      .refused("cannot take 4 bytes"),
    tensor(#""dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]"#, data: 0, "a size beyond 64 bits")
      .refused("cannot take 0 bytes"),
    tensor(#""dtype":"U8","shape":[0,18446744073709551615],"data_offsets":[0,0]"#, data: 0, "a length of 64 bits")
      .refused("at most 63 bits"),
    tensor(#""dtype":"U8","shape":[4611686018427387904,4,0],"data_offsets":[0,0]"#, data: 0, "nothing, via overflow")
      .refused("cannot take 0 bytes"),
    tensor(#""dtype":"F32","shape":[2],"data_offsets":[0,4]"#, "a size that is not the shape's")
      .refused("cannot take 4 bytes"),
    tensor(#""dtype":"F4","shape":[1],"data_offsets":[0,1]"#, data: 1, "half a byte").refused("cannot take 1 bytes"),
    tensor(#""dtype":"F6_E2M3","shape":[3],"data_offsets":[0,2]"#, data: 2, "18 bits").refused("cannot take 2 bytes"),
    tensor(#""dtype":"F4","shape":[2],"data_offsets":[0,1]"#, data: 1, "four-bit numbers")
      .refused("F4 numbers, which cannot be read"),
    tensor(#""dtype":"F6_E3M2","shape":[4],"data_offsets":[0,3]"#, data: 3, "six-bit numbers")
      .refused("F6_E3M2 numbers, which cannot be read"),
    tensor(#""dtype":"F8_E8M0","shape":[4],"data_offsets":[0,4]"#, "eight-bit numbers")
      .refused("F8_E8M0 numbers, which cannot be read"),
    Header("a number for a tensor", #"{"a":1}"#.utf8, data: []).refused("an object was expected"),
    Header("no text", "".utf8, data: []).refused("ends too early"),
  ]
}
