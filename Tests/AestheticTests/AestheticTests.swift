import Aesthetic
import Files
import SystemPackage
import TensorKit
import TestSupport
import Testing

@Suite("Aesthetic")
struct AestheticTests {
  @Test("The mean is taken over the features as they are, and its direction has length 1")
  func mean() throws {
    // By hand: the mean of (3, 0), (3, 8), (3, 4) is (3, 4), whose length is 5.
    let aesthetic = try #require(Aesthetic(features: Tensor([3, 0, 3, 8, 3, 4], shape: [3, 2])))
    #expect(aesthetic.mean.elements == [3, 4])
    #expect(aesthetic.direction.elements == [0.6, 0.8])
    #expect(aesthetic.width == 2)
  }

  @Test("Lengths far beyond Float's squares are no obstacle", arguments: [Float(1e-30), 1, 1e30])
  func extremes(scale: Float) throws {
    let aesthetic = try #require(Aesthetic(mean: Tensor([3 * scale, 4 * scale], shape: [1, 2])))
    #expect(aesthetic.mean.shape == [2])
    // Rounding 3·scale and 4·scale to Float moves the quotient by at most an ulp.
    for (found, expected) in zip(aesthetic.direction.elements, [0.6, 0.8] as [Float]) {
      #expect(abs(found - expected) <= expected.ulp)
    }
  }

  @Test("What has no direction is refused", arguments: [[0, 0], [Float.nan, 1], [Float.infinity, 1]])
  func directionless(elements: [Float]) throws {
    #expect(Aesthetic(mean: Tensor(elements, shape: [2])) == nil)
    try withTemporaryFolder { folder in
      let path = folder.appending("a.safetensors")
      try SafetensorsWriter.write(
        [WeightEntry("x", Tensor(elements, shape: [2]))], metadata: [:], to: path, replacing: false)
      let problem =
        elements == [0, 0]
        ? "is zero everywhere, so it has no direction" : "holds numbers that are not finite, so it is no aesthetic"
      #expect(throws: FileError(.malformed, path, problem)) { try Aesthetic(reading: SafetensorsFile(path)) }
    }
  }

  @Test("Written and read again, the mean is the same to the last bit")
  func roundTrip() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("a.safetensors")
      let aesthetic = try #require(Aesthetic(mean: Tensor([0.1, -7, 1e-3], shape: [3])))
      try aesthetic.writeSafetensors(metadata: ["count": "2"], to: path, replacing: false)
      let file = try SafetensorsFile(path)
      #expect(try file.tensor("aesthetic").elements == aesthetic.direction.elements)
      #expect(file.metadata["count"] == "2")
      #expect(try Aesthetic(reading: file, width: 3).mean.elements == [0.1, -7, 1e-3])
    }
  }

  @Test("Apart from what is common, the part along it is gone, whatever the lengths")
  func apart() throws {
    // By hand: of (2, 3, 6) / 7 the part along (0, 0, 1) is 6 / 7; (2, 3, 0) / √13 is left.
    let aesthetic = try #require(Aesthetic(mean: Tensor([2, 3, 6], shape: [3])))
    let common = try #require(Aesthetic(mean: Tensor([0, 0, 9], shape: [3])))
    let left = try #require(aesthetic.direction(apartFrom: common)).elements
    for (found, expected) in zip(left, [0.5547002, 0.8320503, 0] as [Float]) {
      #expect(abs(found - expected) < 1e-7)  // an ulp of 0.83 is 6e-8
    }
    #expect(try #require(Aesthetic(mean: Tensor([0, 0, 0.1], shape: [3]))).direction(apartFrom: common) == nil)
    #expect(try #require(Aesthetic(mean: Tensor([1, 1], shape: [2]))).direction(apartFrom: common) == nil)
  }

  @Test("One of another model's width is refused, and both models are named")
  func otherWidth() throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("sd2.safetensors")
      try SafetensorsWriter.write(
        [WeightEntry("emb", Tensor([Float](repeating: 1, count: 1024), shape: [1, 1024]))], to: path, replacing: false)
      let error = try #require(throws: FileError.self) { try Aesthetic(reading: SafetensorsFile(path), width: 768) }
      #expect(
        error.problem == "is an aesthetic of width 1024 (OpenCLIP ViT-H, Stable Diffusion 2.x); "
          + "768 (CLIP ViT-L, Stable Diffusion 1.x) was expected")
      #expect(error.hint == "make one for this model with `aesgrad embed`")
      #expect(try Aesthetic(reading: SafetensorsFile(path)).width == 1024)
    }
  }

  @Test(
    "What is not one vector is refused",
    arguments: [
      ("emb_params", [1, 4], 1, "is a textual inversion; an aesthetic was expected"),
      ("x", [2, 4], 1, "holds a tensor of shape [2, 4], which is no aesthetic; [768] or [1, 768] was expected"),
      ("x", [0], 1, "holds a tensor of shape [0], which is no aesthetic; [768] or [1, 768] was expected"),
      ("x", [], 1, "holds a tensor of shape [], which is no aesthetic; [768] or [1, 768] was expected"),
      ("x", [1, 1, 4], 1, "holds a tensor of shape [1, 1, 4], which is no aesthetic; [768] or [1, 768] was expected"),
      ("x", [4], 2, "holds 2 tensors; an aesthetic is a single one"),
    ])
  func otherTensors(name: String, shape: [Int], count: Int, problem: String) throws {
    try withTemporaryFolder { folder in
      let path = folder.appending("x.safetensors")
      let tensor = Tensor([Float](repeating: 1, count: shape.reduce(1, *)), shape: shape)
      let entries = (0..<count).map { WeightEntry(ByteString(name + ($0 == 0 ? "" : "\($0)")), tensor) }
      try SafetensorsWriter.write(entries, to: path, replacing: false)
      #expect(throws: FileError(.malformed, path, problem)) { try Aesthetic(reading: SafetensorsFile(path)) }
    }
  }
}
