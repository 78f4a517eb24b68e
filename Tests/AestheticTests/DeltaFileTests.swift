import Aesthetic
import CLIPKit
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite("Delta files")
struct DeltaFileTests {
  static let base = String(repeating: "0123456789abcdef", count: 4)
  static let table: ByteString = "text_model.embeddings.token_embedding.weight"
  static let map: ByteString = "text_model.encoder.layers.0.mlp.fc1.weight"

  private static func delta() -> Delta {
    var random = SplitMix(state: 5)
    return Delta(
      changes: [
        table: .rows([2, 7], Tensor.random([2, 4], using: &random)),
        map: .lowRank(up: Tensor.random([8, 2], using: &random), down: Tensor.random([2, 4], using: &random)),
        "text_model.final_layer_norm.bias": .exact(Tensor.random([4], using: &random)),
      ], base: base)
  }

  @Test("A delta for another base is refused, with both fingerprints")
  func otherBase() throws {
    let other = String(repeating: "f", count: 64)
    #expect(
      throws: FileError(
        .malformed, "d.safetensors",
        "belongs to a text encoder with the fingerprint \(Self.base); that of model has \(other)",
        hint: "use it with the model it was made for, or make one for this model with `aesgrad personalize`")
    ) { try Self.delta().checkBase(other, path: "d.safetensors", model: "model") }
    let parts = [Self.delta(), Delta(changes: [:], base: other)].map { Delta.Part($0, weight: 1, path: "p") }
    #expect(throws: FileError.self) { try Delta.blend(parts) }
  }

  @Test(
    "What does not hold together is refused",
    arguments: [
      ([table: [2, 4], table + ".rows": [3]], "has row numbers of \"\(table)\" that do not fit its rows"),
      ([map + ".up": [8, 3], map + ".down": [2, 4]], "has factors of \"\(map)\" that do not fit together"),
      ([map + ".down": [2, 4]], "has no tensor \"\(map).up\""),
    ] as [([ByteString: [Int]], String)])
  func broken(shapes: [ByteString: [Int]], problem: String) throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("d.safetensors")
      let entries = shapes.map { name, shape in
        WeightEntry(name, Tensor((0..<shape.reduce(1, *)).map { Float($0) }, shape: shape))
      }
      try SafetensorsWriter.write(
        entries, metadata: ["kind": "delta", "base": ByteString(Self.base)], to: path, replacing: false)
      #expect(throws: FileError(.malformed, path, problem)) { try Delta(reading: SafetensorsFile(path)) }
    }
  }

  @Test("Numbers that are not finite are refused, and so is what is no delta")
  func notFinite() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("d.safetensors")
      let entry = WeightEntry(Self.map, Tensor([1, .nan], shape: [1, 2]))
      try SafetensorsWriter.write(
        [entry], metadata: ["kind": "delta", "base": ByteString(Self.base)], to: path, replacing: true)
      #expect(
        throws: FileError(.malformed, path, "the tensor \"\(Self.map)\" holds numbers that are not finite")
      ) { try Delta(reading: SafetensorsFile(path)) }
      try SafetensorsWriter.write([WeightEntry("conditioning", Tensor(zeros: [2, 2]))], to: path, replacing: true)
      #expect(
        throws: FileError(
          .malformed, path, "is a conditioning, width 2; a delta was expected",
          hint: "`aesgrad personalize --delta` makes one")
      ) { try Delta(reading: SafetensorsFile(path)) }
    }
  }

  @Test("Where writing is ended, nothing is left behind")
  func interrupted() throws {
    struct Stop: Error {}
    try withTemporaryFolder { folder in
      let path = folder.appending("d.safetensors")
      var tensors = 0
      #expect(throws: Stop.self) { () throws -> Void in
        try Self.delta().write(to: path, replacing: false) {
          tensors += 1
          if tensors == 3 { throw Stop() }
        }
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.string)
      #expect(left == [])
    }
  }
}

/// Spoilt deltas never crash the reader, hold it up or make it take much memory.
@Suite("Delta fuzz") struct DeltaFuzz {
  @Test("spoilt deltas") func deltas() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try withTemporaryFolder { folder in
        let path = folder.appending("d.safetensors")
        let table = DeltaFileTests.table
        let delta = Delta(
          changes: [
            table: .rows([2, 7], Tensor([1, 2, 3, 4], shape: [2, 2])),
            DeltaFileTests.map: .lowRank(up: Tensor([1, 2, 3], shape: [3, 1]), down: Tensor([1, 2], shape: [1, 2])),
          ], base: DeltaFileTests.base)
        try delta.write(to: path, replacing: false)
        try fuzz([InputFile(path).readAll(limit: 1 << 20)]) { path in
          let read = try Delta(reading: SafetensorsFile(path))
          var blend = try Delta.blend([
            Delta.Part(read, weight: 2, path: path), Delta.Part(delta, weight: 1, path: path),
          ])
          blend?.similarity = nil
        }
      }
    }
    expectPassed(result)
  }
}
