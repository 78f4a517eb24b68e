import Files
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite struct WeightWriting {
  /// The tensors of a fixture, to be written in the types that it has.
  private func entries(_ name: String) throws -> [WeightEntry] {
    let source = try WeightFile.open(WeightsFixtures.path(name))
    return try source.names.map { WeightEntry($0, try source.tensor($0), as: try #require(source.elementType(of: $0))) }
  }

  private func expectSame(_ name: String, _ write: (FilePath) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("copy")
      try write(path)
      #expect(try InputFile(path).readAll(limit: 1 << 20) == WeightsFixtures.bytes(name))
    }
  }

  @Test("safetensors are written as the format's own library writes them") func safetensors() throws {
    let entries = try entries("written.safetensors")
    try expectSame("written.safetensors") { path in
      try SafetensorsWriter.write(entries.reversed(), metadata: ["é": "\t"], to: path, replacing: false)
    }
  }

  @Test(
    "a torch dictionary is written as torch writes it",
    arguments: [
      "written-dictionary.pt", "written-one.pt", "written-many.pt",
    ])
  func dictionary(name: String) throws {
    let entries = try entries(name)
    try expectSame(name) { path in try TorchWriter.write(entries, to: path, replacing: false) }
  }

  @Test("a single torch tensor is written as torch writes it") func bare() throws {
    let entry = try #require(try entries("written-bare.pt").first)
    try expectSame("written-bare.pt") { path in try TorchWriter.write(tensor: entry, to: path, replacing: false) }
  }

  @Test("a .pt file has only the members that the web interface's loader allows") func members() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("taste.pt")
      try TorchWriter.write(
        tensor: WeightEntry("", Tensor([1, 2], shape: [1, 2]), as: .float16), to: path, replacing: false)
      let bytes = try InputFile(path).readAll(limit: 1 << 16)
      // Each entry of the directory: a signature, 42 more bytes, the name.
      let entries = bytes.indices.filter { bytes[$0...].starts(with: [0x50, 0x4B, 1, 2]) }
      let names = entries.map { ByteString(bytes[($0 + 46)...].prefix(Int(bytes[$0 + 28]))) }
      #expect(names == ["archive/data.pkl", "archive/data/0", "archive/version"])
    }
  }

  @Test(
    "half precision rounds to nearest, ties to even",
    arguments: [
      (1.0 as Float, 0x3C00 as UInt16), (2049, 0x6800), (2051, 0x6802), (65519.996, 0x7BFF), (65520, 0x7C00),
      (-.infinity, 0xFC00), (0x1p-25, 0), (0x1.000002p-25, 1), (0x1p-24, 1), (0x1.8p-24, 2), (-0x1p-14, 0x8400),
      (0x1.ffap-15, 0x03FF), (0x1.ffcp-15, 0x0400), (.nan, 0x7E00), (-0.0, 0x8000),
    ])
  func rounding(value: Float, half: UInt16) throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("half.safetensors")
      // Nine, so that both the vector loop and what it leaves over are used.
      try SafetensorsWriter.write(
        [WeightEntry("a", Tensor(Array(repeating: value, count: 9), shape: [9]), as: .float16)], to: path,
        replacing: false)
      let bytes = try InputFile(path).readAll(limit: 1 << 10).suffix(18)
      #expect(Array(bytes) == (0..<9).flatMap { _ in [UInt8(half & 0xFF), UInt8(half >> 8)] })
    }
  }

  @Test("all half-precision numbers survive reading and writing") func everyHalf() throws {
    let halves = (0...0xFFFF).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let header = Header("", #"{"a":{"dtype":"F16","shape":[65536],"data_offsets":[0,131072]}}"#.utf8, data: halves)
    try withTemporaryFolder { folder in
      let path = folder.appending("copy.safetensors")
      let read = try withFile(header.file) { try SafetensorsFile($0).tensor("a") }
      for (bits, value) in read.elements.enumerated() {
        // From the definition: sign, five bits of exponent, ten of fraction.
        let (exponent, fraction) = (bits >> 10 & 31, Float(bits & 1023))
        let magnitude: Float =
          exponent == 31
          ? (fraction == 0 ? .infinity : .nan)
          : exponent == 0
            ? fraction * 0x1p-24 : (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
        let expected = bits < 0x8000 ? magnitude : -magnitude
        #expect(
          value.bitPattern == expected.bitPattern || (value.isNaN && expected.isNaN), "0x\(String(bits, radix: 16))")
      }
      try SafetensorsWriter.write([WeightEntry("a", read, as: .float16)], to: path, replacing: false)
      let written = try InputFile(path).readAll(limit: 1 << 18).suffix(131_072)
      for (index, (new, old)) in zip(written, halves).enumerated() where new != old {
        // Signalling NaNs become quiet, which sets the highest bit of the fraction.
        let bits = index / 2
        #expect(index % 2 == 1 && bits & 0x7C00 == 0x7C00 && bits & 0x3FF != 0 && new == old | 2)
      }
    }
  }

  @Test("integers are written towards zero, and what is none as zero") func integers() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("ids.safetensors")
      let tensor = Tensor([-1, 2.9, -2.9, 1e30, .nan, 16_777_216], shape: [6])
      try SafetensorsWriter.write([WeightEntry("ids", tensor, as: .int64)], to: path, replacing: false)
      #expect(try SafetensorsFile(path).tensor("ids").elements == [-1, 2, -2, 0, 0, 16_777_216])
    }
  }

  @Test("names that would make a file ambiguous are refused, and nothing is left behind") func names() throws {
    let one = Tensor([1], shape: [1])
    for (names, words) in [
      (["a", "a"], "a second tensor \"a\""), (["__metadata__"], "a second tensor \"__metadata__\""),
      ([ByteString([0xFF])], "not UTF-8"),
    ] {
      try withTemporaryFolder { folder in
        let error = #expect(throws: FileError.self) {
          try SafetensorsWriter.write(
            names.map { WeightEntry($0, one) }, to: folder.appending("x.safetensors"), replacing: false)
        }
        #expect(error?.kind == .cannotCreate)
        #expect(error?.problem.contains(words) == true)
        let left = try contents(of: folder)
        #expect(left == [])
      }
    }
    try withTemporaryFolder { folder in
      #expect(throws: FileError.self) {
        try TorchWriter.write(
          [WeightEntry("a", one), WeightEntry("a", one)], to: folder.appending("x.pt"), replacing: false)
      }
      let left = try contents(of: folder)
      #expect(left == [])
    }
  }

  @Test("a large tensor is written and read in pieces") func large() throws {
    // More than one chunk of 2^17 elements, and not a multiple of it.
    let count = 300_007
    let tensor = Tensor((0..<count).map { Float($0 % 2048) }, shape: [count])
    try withTemporaryFolder { folder in
      for type in [ElementType.float16, .float32, .int64] {
        let path = folder.appending("\(type.rawValue).safetensors")
        try SafetensorsWriter.write([WeightEntry("a", tensor, as: type)], to: path, replacing: false)
        #expect(try SafetensorsFile(path).tensor("a").elements == tensor.elements)
        let torch = folder.appending("\(type.rawValue).pt")
        try TorchWriter.write([WeightEntry("a", tensor, as: type)], to: torch, replacing: false)
        #expect(try TorchFile(torch).tensor("a").elements == tensor.elements)
      }
    }
  }
}
