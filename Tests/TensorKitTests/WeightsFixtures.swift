import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// The files that Tools/reference/weights.py made, and what they hold.
struct WeightsFixtures {
  /// A tensor as it should be read.
  struct Expected {
    let name: ByteString
    let type: String
    let shape: [Int]
    /// The Float32 bits of the elements, or nil if they cannot be read.
    let bits: [UInt32]?
  }

  /// The folder of the fixtures.
  static let folder = FilePath(Bundle.module.resourcePath ?? "").appending("Fixtures/weights")

  /// The names of files that are to be read.
  static let accepted = names(of: "accept")
  /// The names of files that are to be refused.
  static let refused = names(of: "refuse")

  static func path(_ name: String) -> FilePath { folder.appending(name) }

  static func bytes(_ name: String) throws -> [UInt8] { try InputFile(path(name)).readAll(limit: 1 << 20) }

  /// The words that must be in the reason for refusing the file `name`.
  static func reason(_ name: String) throws -> String {
    try #require(try description("expected.json")["refuse"]?[ByteString(name)]?.string?.string)
  }

  /// What is known about the file `name` that is to be read.
  static func facts(_ name: String) throws -> JSON {
    try #require(try description("expected.json")["accept"]?[ByteString(name)])
  }

  /// The tensors in the file `name`.
  static func tensors(_ name: String) throws -> [Expected] {
    try #require(facts(name)["tensors"]?.object).members.map { member in
      Expected(
        name: member.name, type: try #require(member.value["type"]?.string?.string),
        shape: try #require(member.value["shape"]?.array).compactMap(\.integer),
        bits: member.value["bits"]?.array?.compactMap { $0.integer.map { UInt32($0) } })
    }
  }

  static func description(_ name: String) throws -> JSON { try JSON(parsing: bytes(name)) }

  private static func names(of kind: ByteString) -> [String] {
    let members = (try? description("expected.json"))?[kind]?.object?.members ?? []
    return members.compactMap(\.name.string)
  }
}

/// Expects `source` to hold exactly the tensors of `expected`, bit for bit.
func expectTensors(_ source: any WeightSource, _ expected: [WeightsFixtures.Expected]) throws {
  #expect(source.names.sorted() == expected.map(\.name).sorted())
  for tensor in expected {
    #expect(source.shape(of: tensor.name) == tensor.shape, "\(tensor.name)")
    #expect(source.elementType(of: tensor.name)?.rawValue == tensor.type, "\(tensor.name)")
    guard let bits = tensor.bits else {
      let error = #expect(throws: FileError.self) { try source.tensor(tensor.name) }
      #expect(error?.problem.contains("\(tensor.type) numbers, which cannot be read") == true)
      continue
    }
    let read = try source.tensor(tensor.name)
    #expect(read.shape == tensor.shape, "\(tensor.name)")
    #expect(read.elements.map(\.bitPattern) == bits, "\(tensor.name)")
  }
}

/// Writes `bytes` to a file and expects that opening it, and reading all tensors, fails for a reason with `words` in it.
func expectRefusal(_ bytes: [UInt8], _ words: String, open: (FilePath) throws -> any WeightSource) throws {
  try withFile(bytes) { path in expectRefusal(of: path, words, open: open) }
}

/// Expects that opening the file at `path`, and reading all tensors, fails for a reason with `words` in it.
func expectRefusal(of path: FilePath, _ words: String, open: (FilePath) throws -> any WeightSource) {
  let error = #expect(throws: FileError.self) {
    let source = try open(path)
    for name in source.names { _ = try source.tensor(name) }
  }
  let problem = error?.problem ?? "nothing thrown"
  #expect(words.isEmpty || problem.contains(words), "\(problem); expected: \(words)")
  #expect(!problem.contains("\n"))
}
