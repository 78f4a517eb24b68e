import Files
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite struct TorchReading {
  @Test(
    "a file that torch or a zip program wrote is read bit for bit",
    arguments: WeightsFixtures.accepted.filter { !$0.hasSuffix(".safetensors") })
  func accepted(name: String) throws {
    let file = try TorchFile(WeightsFixtures.path(name))
    try expectTensors(file, try WeightsFixtures.tensors(name))
    let facts = try WeightsFixtures.facts(name)
    let metadata = facts["metadata"]?.object?.members ?? []
    #expect(file.metadata == Dictionary(uniqueKeysWithValues: metadata.map { ($0.name, $0.value.string ?? "") }))
    #expect(file.unfamiliarGlobals == facts["unfamiliar"]?.array?.compactMap { $0.string?.string } ?? [])
    #expect(file.suspiciousGlobals == facts["suspicious"]?.array?.compactMap { $0.string?.string } ?? [])
    for member in facts["missing"]?.object?.members ?? [] {
      let error = #expect(throws: FileError.self) { try file.tensor(member.name) }
      let object = member.value.string?.string ?? ""
      #expect(error?.problem == "has a Python object (\(object)) in place of the tensor \"\(member.name)\"")
    }
  }

  @Test("a bad file is refused, and the reason is given", arguments: WeightsFixtures.refused)
  func refused(name: String) throws {
    try expectRefusal(try WeightsFixtures.bytes(name), try WeightsFixtures.reason(name)) { try TorchFile($0) }
  }

  @Test("a file cut short anywhere is refused", arguments: ["hand-made.pt", "repacked.pt", "bare-half-legacy.pt"])
  func truncated(name: String) throws {
    // Cutting the end off one file again and again.
    try withFile(try WeightsFixtures.bytes(name)) { path in
      let count = try InputFile(path).count
      let descriptor = try FileDescriptor.open(path, .writeOnly)
      for length in (0..<count).reversed() {
        try descriptor.resize(to: Int64(length))
        expectRefusal(of: path, "") { try TorchFile($0) }
      }
      try descriptor.close()
    }
  }

  @Test("the two layouts are told apart") func format() throws {
    #expect(try TorchFile(WeightsFixtures.path("bare-half.pt")).format == "torch")
    #expect(try TorchFile(WeightsFixtures.path("bare-half-legacy.pt")).format == "torch (legacy)")
  }

  @Test("a tensor that is not there is named") func missing() throws {
    let file = try TorchFile(WeightsFixtures.path("module-state.pt"))
    let error = #expect(throws: FileError.self) { try file.tensor("head") }
    #expect(error?.problem == "has no tensor \"head\"")
  }
}
