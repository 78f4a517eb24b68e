import Aesthetic
import CLIPKit
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// The path of a file among the fixtures of CLIPKit's tests.
private func clipFixture(_ name: String) -> FilePath {
  FilePath(
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "CLIPKitTests/Fixtures").appending(path: name).path)
}

@Suite("Deltas")
struct DeltaTests {
  let location: ModelLocation
  let base: TextEncoder
  /// A start, five words, an end, and what is filled up with.
  let tokens = [[662, 320, 517, 8, 9, 8, 663, 663, 663]]
  let tuned: TextEncoder
  let delta: Delta

  init() throws {
    location = try ModelLocation(clipFixture("clip-quick"))
    base = try TextEncoder(location)
    var encoder = base
    let target = try #require(Aesthetic(mean: Tensor((0..<24).map { Float($0 % 5) - 1.7 }, shape: [24])))
    let personalizer = Personalizer(
      projection: try TextProjection(location), target: target.direction, steps: 3, learningRate: 1e-3)
    let similarities = try personalizer(&encoder, texts: tokens)
    tuned = encoder
    var delta = try Delta(
      from: try location.textEncoder().weights, to: encoder, tokens: tokens, base: base.fingerprint)
    delta.similarity = (similarities[0], similarities[3])
    delta.settings.steps = 3
    delta.settings.learningRate = 1e-3
    self.delta = delta
  }

  @Test("The fingerprint is what its description says, computed with Python's hashlib")
  func fingerprint() throws {
    // t = safetensors.numpy.load_file("clip-quick/model.safetensors"); hash = lambda b: hashlib.sha256(b).hexdigest()
    // hash("".join(sorted(f"{k} [{','.join(map(str, v.shape))}] {hash(v.tobytes())}\n"
    //                     for k, v in t.items() if k.startswith("text_model."))).encode())
    #expect(base.fingerprint == "40c5f2ef6bc49f3f6303a777e9167595446970a74827dd973ab32810ebe6c19a")
    #expect(tuned.fingerprint != base.fingerprint)
  }

  @Test("Strength 1 gives the personalised encoder, and 0 the base to the bit")
  func strengths() throws {
    var (none, half, whole) = (base, base, base)
    try delta.apply(to: &none, strength: 0, path: "d", model: "m")
    try delta.apply(to: &half, strength: 0.5, path: "d", model: "m")
    try delta.apply(to: &whole, path: "d", model: "m")
    #expect(none.fingerprint == base.fingerprint)
    #expect(base.parameters.count == 52)
    for parameter in base.parameters {
      let (start, end) = (base[parameter], tuned[parameter])
      // The difference is rounded once, and the sum once more: two ulps of the largest.
      expectClose(whole[parameter], end, relative: 2.4e-7, "\(parameter.name)")
      expectClose(half[parameter], 0.5 * (start + end), relative: 2.4e-7, "\(parameter.name)")
    }
  }

  @Test("Only what stands up to the end of the text is in play in the tables")
  func rowsInPlay() throws {
    guard case .rows(let numbers, _) = delta.changes["text_model.embeddings.token_embedding.weight"],
      case .rows(let positions, let rows) = delta.changes["text_model.embeddings.position_embedding.weight"]
    else {
      Issue.record("the tables do not change by rows")
      return
    }
    #expect(numbers == [8, 9, 320, 517, 662, 663])
    #expect(positions == Array(0..<7))
    #expect(rows.shape == [7, 32])
  }

  @Test("Names are those of transformers: the keys' map of layer 1 is the middle third of what is kept side by side")
  func names() throws {
    let change = Tensor((0..<1024).map { Float($0) }, shape: [32, 32])
    let name: ByteString = "text_model.encoder.layers.1.self_attn.k_proj.weight"
    var encoder = base
    try Delta(changes: [name: .exact(change)], base: base.fingerprint).apply(to: &encoder, path: "d", model: "m")
    let (before, after) = (base.layers[1].queriesKeysValues.weight, encoder.layers[1].queriesKeysValues.weight)
    #expect(after.rows(0..<32).elements == before.rows(0..<32).elements)
    #expect(after.rows(32..<64).elements == (before.rows(32..<64) + change).elements)
    #expect(after.rows(64..<96).elements == before.rows(64..<96).elements)
  }

  @Test("Written and read again, it is the same to the bit")
  func roundTrip() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("d.safetensors")
      let small = delta.factorised(rank: 2)
      for original in [delta, small] {
        try original.write(to: path, replacing: true)
        let file = try SafetensorsFile(path)
        let read = try Delta(reading: file)
        #expect(WeightKind(of: file).kind == .delta)
        #expect(file.elementType(of: "text_model.embeddings.token_embedding.weight.rows") == .int64)
        #expect(read.base == original.base && read.settings == original.settings)
        #expect(read.similarity?.before == original.similarity?.before)
        #expect(read.similarity?.after == original.similarity?.after)
        #expect(read.changes.count == 52)
        var (first, second) = (base, base)
        try original.apply(to: &first, path: path, model: "m")
        try read.apply(to: &second, path: path, model: "m")
        #expect(first.fingerprint == second.fingerprint)
      }
    }
  }

  @Test("Deltas add up, exact and low rank alike")
  func blend() throws {
    let small = delta.factorised(rank: 2)
    for other in [delta, small] {
      for first in [delta, small] {
        let blend = try #require(
          try Delta.blend([
            Delta.Part(first, weight: 0.25, path: "a"), Delta.Part(other, weight: -2, path: "b"),
          ]))
        var (atOnce, inTurn) = (base, base)
        try blend.apply(to: &atOnce, path: "d", model: "m")
        for (part, weight) in [(first, 0.25), (other, -2)] as [(Delta, Float)] {
          // The base has changed meanwhile, which is what fingerprints are there to notice.
          let again = Delta(changes: part.changes, base: inTurn.fingerprint)
          try again.apply(to: &inTurn, strength: weight, path: "d", model: "m")
        }
        for parameter in base.parameters {
          // Three roundings of numbers about as large as the weights.
          expectClose(atOnce[parameter], inTurn[parameter], relative: 5e-7, "\(parameter.name)")
        }
      }
    }
  }

  @Test("A factorised delta is the nearest of its rank")
  func factorised() throws {
    // Of rank 2 by construction, so that nothing is lost; the second map is too small to gain from factors.
    var random = SplitMix(state: 3)
    let difference = matrixProduct(
      Tensor.random([40, 2], using: &random), Tensor.random([2, 30], using: &random))
    let exact = Delta(
      changes: ["a": .exact(difference), "b": .exact(Tensor.random([3, 3], using: &random))], base: "")
    let small = exact.factorised(rank: 2)
    guard case .lowRank(let up, let down) = small.changes["a"], case .exact = small.changes["b"] else {
      Issue.record("a is not factorised, or b is")
      return
    }
    #expect(up.shape == [40, 2] && down.shape == [2, 30])
    // Singular vectors in Float32 of a product whose largest entries are near 1.
    expectClose(matrixProduct(up, down), difference, relative: 2e-6)
    #expect(small.settings.rank == 2 && small.settings.mode == "factorised")
  }
}
