import Files
import TensorKit

/// What a hypernetwork does to what keys or values are made from: x + strength · perceptron(x).
struct HypernetworkModule: Sendable {
  private enum Layer: Sendable {
    case linear(Linear)
    case activation(PointwiseActivation, slope: Float)
    case norm(LayerNorm)
  }
  private let layers: [Layer]

  /// Reads the module whose tensors stand in `scope` as `linear.i.…`. The numbers i count every layer, those without
  /// tensors too, as torch's Sequential does.
  init(from scope: TensorScope, width: Int, _ shape: HypernetworkShape) throws(FileError) {
    var layers: [Layer] = []
    var number = 0
    func next() -> TensorScope {
      defer { number += 1 }
      return scope.scoped(ByteString("linear.\(number)"))
    }
    let widths = shape.structure.map { Int(Double(width) * $0) }
    for index in widths.indices.dropLast() {
      let isLast = index == widths.count - 2
      layers.append(.linear(try Linear(from: next(), inputs: widths[index], outputs: widths[index + 1])))
      if let activation = shape.activation, !isLast || shape.activatesOutput {
        let place = next()
        let slope = activation == .prelu ? try place.tensor("weight", shape: [1]).scalar : 0
        layers.append(.activation(activation, slope: slope))
      }
      if shape.hasNorms { layers.append(.norm(try LayerNorm(from: next(), width: widths[index + 1], epsilon: 1e-5))) }
      if shape.dropouts[index] { _ = next() }
    }
    self.layers = layers
  }

  /// x [.., width] to the same shape.
  func callAsFunction(_ x: Tensor, strength: Float) -> Tensor {
    var y = x
    for layer in layers {
      switch layer {
      case .linear(let map): y = map(y)
      case .activation(let activation, let slope):
        y = Tensor(y.elements.map { activation($0, slope: slope) }, shape: y.shape)
      case .norm(let norm): y = norm(y)
      }
    }
    var sum = x
    sum.add(strength, times: y)
    return sum
  }
}
