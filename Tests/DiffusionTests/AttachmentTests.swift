import Diffusion
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Files of other programs for the UNet, against what diffusers and torch compute in double precision
/// (Tools/reference/attachments.py); with direct convolutions and plain sums, as for the network without them.
@Suite struct AttachmentTests {
  private static func path(_ name: String) throws -> FilePath {
    FilePath(try #require(Bundle.module.resourceURL).path).appending("Fixtures/attachments").appending(name)
  }

  private func expected(_ name: ByteString) throws -> Tensor {
    try SafetensorsFile(Self.path("expected.safetensors")).tensor(name)
  }

  private func unet(_ adapters: [(Adapter, Float)] = []) throws -> UNet {
    let model = try SyntheticModel("narrow")
    let weights = try model.weights("unet").scope.adding(adapters.map { (adapter: $0.0, weight: $0.1) }, to: .image)
    return try UNet(from: weights, model.configurations().unet, algorithm: .exact)
  }

  private func prediction(_ unet: UNet) throws -> Tensor {
    unet(try expected("x"), time: 981, context: unet.context(try expected("context")))
  }

  private func expectPrediction(_ unet: UNet, _ name: String) throws {
    let found = try prediction(unet)
    expectClose(found, try expected(ByteString(name)), relative: 1e-5, name)
    let plain = try expected("plain").elements
    let scale = plain.reduce(0) { max($0, abs($1)) }
    // What is compared has moved far enough to be compared.
    #expect(zip(found.elements, plain).contains { abs($0 - $1) > 0.001 * scale }, "\(name)")
  }

  @Test(
    "LoRAs of every program on linear maps and convolutions, and whole differences",
    arguments: [("kohya", 0.8), ("diffusers", 1), ("diffusers-old", 1), ("lycoris", 1)] as [(String, Float)])
  func adapters(name: String, weight: Float) throws {
    let source = try WeightFile.open(Self.path(name + ".safetensors"))
    let adapter = try Adapter(reading: source, settings: AdapterSettings(beside: source))
    try expectPrediction(unet([(adapter, weight)]), name)
  }

  @Test("Two LoRAs add up; one that belongs to another network is refused")
  func several() throws {
    let adapter = try Adapter(reading: WeightFile.open(Self.path("kohya.safetensors")))
    try expectPrediction(unet([(adapter, 0.5), (adapter, 0.3)]), "kohya")
    let model = try SyntheticModel("pocket")
    let error = #expect(throws: FileError.self) {
      let weights = try model.weights("unet").scope.adding([(adapter: adapter, weight: 1)], to: .image)
      _ = try UNet(from: weights, model.configurations().unet)
    }
    #expect(error?.path.lastComponent == "kohya.safetensors")
  }

  static let hypernetworks = ["hypernetwork-old", "hypernetwork-deep", "hypernetwork-self", "hypernetwork-dropout"]

  @Test("Hypernetworks of every structure", arguments: hypernetworks)
  func hypernetwork(name: String) throws {
    var unet = try unet()
    let network = try Hypernetwork(reading: WeightFile.open(Self.path(name + ".pt")))
    unet.hypernetworks = [WeightedHypernetwork(network, strength: 0.6)]
    try expectPrediction(unet, name)
    unet.hypernetworks = [WeightedHypernetwork(network, strength: 0)]
    expectClose(try prediction(unet), try expected("plain"), relative: 1e-5)
  }

  @Test("Every activation is torch's")
  func activations() throws {
    let file = try SafetensorsFile(Self.path("expected.safetensors"))
    let x = try file.tensor("activations.x")
    let names = file.names.filter { $0.hasPrefix("activation.") }
    #expect(names.count == 23)
    for name in names {
      // A network of one map, the unit matrix, and the activation behind it, gives x + f(x).
      let activation = String(try #require(name.string).dropFirst("activation.".count))
      try withTemporaryFolder { folder in
        let path = folder.appending("a.safetensors")
        try SafetensorsWriter.write(
          ["0", "1"].flatMap { part -> [WeightEntry] in
            [
              WeightEntry("1.\(part).linear.0.weight", Tensor([1], shape: [1, 1])),
              WeightEntry("1.\(part).linear.0.bias", Tensor([0], shape: [1])),
            ] + (activation == "prelu" ? [WeightEntry("1.\(part).linear.1.weight", Tensor([0.25], shape: [1]))] : [])
          }, metadata: ["layer_structure": "[1, 1]", "activation_func": ByteString(activation)], to: path,
          replacing: false)
        let network = try Hypernetwork(reading: WeightFile.open(path))
        let found = network.keys(x.reshaped([x.count, 1]), strength: 1).map { $0.reshaped([x.count]) }
        // Float32 functions are right to some 1e-7 of values up to 16.
        expectClose(try #require(found), x + (try file.tensor(name)), absolute: 4e-6, activation)
      }
    }
  }

  @Test("What is no hypernetwork, or says what cannot be, is refused")
  func refused() throws {
    func refuse(
      _ tensors: [(ByteString, [Int])], _ metadata: [ByteString: ByteString] = [:], _ problem: String,
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      try withTemporaryFolder { folder in
        let path = folder.appending("a.safetensors")
        let entries = tensors.map { WeightEntry($0.0, Tensor(zeros: $0.1)) }
        try SafetensorsWriter.write(entries, metadata: metadata, to: path, replacing: false)
        let error = #expect(throws: FileError.self, sourceLocation: sourceLocation) {
          _ = try Hypernetwork(reading: WeightFile.open(path))
        }
        #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "")", sourceLocation: sourceLocation)
      }
    }
    let whole: [(ByteString, [Int])] = ["0", "1"].flatMap { part -> [(ByteString, [Int])] in
      [
        ("4.\(part).linear.0.weight", [8, 4]), ("4.\(part).linear.0.bias", [8]),
        ("4.\(part).linear.1.weight", [4, 8]), ("4.\(part).linear.1.bias", [4]),
      ]
    }
    try refuse([], [:], "holds no tensors")
    try refuse(Array(whole.dropLast()), [:], "has no tensor \"4.1.linear.1.bias\"")
    try refuse(whole + [("4.0.linear.2.weight", [4])], [:], "has 1 tensor too many")
    try refuse(whole + [("x", [4])], [:], "has the tensor \"x\", which no hypernetwork has")
    try refuse(whole, ["layer_structure": "[1, 3, 1]"], "has the shape [8, 4]; [12, 4] was expected")
    try refuse(whole, ["layer_structure": "[2, 1]"], "begins and ends with 1")
    try refuse(whole, ["layer_structure": "[1, 1e9, 1]"], "numbers from 0 to 64")
    try refuse(whole, ["activation_func": "softmax"], "has \"softmax\" for activation_func")
    try refuse(whole, ["is_layer_norm": "yes"], "true or false")
  }
}

/// Spoilt files never crash the reader, hold it up or make it take much memory. `AESGRAD_FUZZ=20000` tries more.
@Suite struct HypernetworkFuzz {
  @Test("spoilt hypernetworks") func files() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      let folder = FilePath(try #require(Bundle.module.resourceURL).path).appending("Fixtures/attachments")
      let seeds = try ["hypernetwork-old.pt", "hypernetwork-deep.pt"].map {
        try InputFile(folder.appending($0)).readAll(limit: 1 << 22)
      }
      try fuzz(seeds) { path in _ = try Hypernetwork(reading: WeightFile.open(path)) }
    }
    expectPassed(result)
  }
}
