import Aesthetic
import CLIPKit
import Files
import Foundation
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// Aesthetic gradients as published, on a small model: what transformers and torch.optim.Adam give
/// (Tools/reference/personalize.py), and what it takes to run them here.
struct Published {
  /// One prompt on three models, and three prompts of 3, 21 and 77 tokens at once.
  static let cases = ["quick", "gelu", "half", "three"]
  /// Those whose weight changes are recorded.
  static let casesWithDeltas = ["quick", "gelu", "three"]

  let name: String
  let encoder: TextEncoder
  let projection: TextProjection
  /// [prompts][77].
  let texts: [[Int]]
  let target: Tensor
  /// The rows of the token table that the texts use.
  let tokenRows: [Int]
  private let file: SafetensorsFile

  init(_ name: String) throws {
    self.name = name
    let location = try ModelLocation(modelFolder(name == "three" ? "clip-quick" : "clip-\(name)"))
    encoder = try TextEncoder(location)
    projection = try TextProjection(location)
    let url = try #require(
      Bundle.module.url(forResource: "personalize", withExtension: "safetensors", subdirectory: "Fixtures"))
    file = try SafetensorsFile(FilePath(url.path))
    let ids = try file.tensor(ByteString("\(name).input_ids"))
    texts = (0..<ids.rows).map { row in ids.rows(row..<row + 1).elements.map { Int($0) } }
    target = try file.tensor(ByteString("\(name).target"))
    tokenRows = try file.tensor(ByteString("\(name).token_rows")).elements.map { Int($0) }
  }

  /// A recorded tensor of this case.
  func callAsFunction(_ item: String) throws -> Tensor { try file.tensor(ByteString("\(name).\(item)")) }

  /// Personalises a copy of the encoder.
  func personalized(
    steps: Int = 20, learningRate: String = "1e-4", mode: Personalizer.Mode = .exact
  ) throws -> (encoder: TextEncoder, [Float]) {
    var encoder = encoder
    let rate = try #require(Double(learningRate))
    let personalizer = Personalizer(
      projection: projection, target: target, steps: steps, learningRate: rate, mode: mode)
    let similarities = try personalizer(&encoder, texts: texts)
    return (encoder, similarities)
  }

  /// All parameters under transformers' names; of the tables, the rows that take part.
  func parameters(of encoder: TextEncoder) -> [(name: String, value: Tensor)] {
    let positions = (texts.map { encoder.configuration.poolingPosition(in: $0) }.max() ?? 0) + 1
    var all = [
      ("embeddings.token_embedding.weight", rows(tokenRows, of: encoder.tokenTable)),
      ("embeddings.position_embedding.weight", encoder.positionTable.rows(0..<positions)),
    ]
    func add(_ name: String, _ weight: Tensor, _ bias: Tensor) {
      all += [("\(name).weight", weight), ("\(name).bias", bias)]
    }
    for (index, layer) in encoder.layers.enumerated() {
      let (name, width) = ("encoder.layers.\(index)", encoder.configuration.width)
      let joined = layer.queriesKeysValues
      for (part, letter) in ["q", "k", "v"].enumerated() {
        let range = part * width..<(part + 1) * width
        let bias = Tensor(Array(joined.bias.elements[range]), shape: [width])
        add("\(name).self_attn.\(letter)_proj", joined.weight.rows(range), bias)
      }
      add("\(name).layer_norm1", layer.attentionNorm.scale, layer.attentionNorm.bias)
      add("\(name).self_attn.out_proj", layer.attentionOutput.weight, layer.attentionOutput.bias)
      add("\(name).layer_norm2", layer.perceptronNorm.scale, layer.perceptronNorm.bias)
      add("\(name).mlp.fc1", layer.perceptronInput.weight, layer.perceptronInput.bias)
      add("\(name).mlp.fc2", layer.perceptronOutput.weight, layer.perceptronOutput.bias)
    }
    add("final_layer_norm", encoder.finalNorm.scale, encoder.finalNorm.bias)
    return all
  }
}

/// Puts every gradient in the place of its parameter, so that the pullback of an encoder leaves an encoder of gradients.
struct GradientKeeper: WeightUpdater {
  /// The numbers under which parameters came.
  private(set) var keys: [Int] = []

  mutating func pullback(_ dy: Tensor, x: Tensor, through map: inout Linear, key: Int) -> Tensor {
    let pulled = linearPullback(dy, x: x, weight: map.weight)
    map.weight = pulled.dweight
    map.bias = pulled.dbias
    keys += [key, key + 1]
    return pulled.dx
  }

  mutating func update(_ parameter: inout Tensor, gradient: Tensor, key: Int) {
    parameter = gradient
    keys.append(key)
  }
}
