import CKernels
import Glibc

/// Adam (Kingma and Ba 2014, arXiv 1412.6980, algorithm 1) as torch.optim.Adam computes it with its defaults: β 0.9 and
/// 0.999, ε 1e-8, no weight decay.
///
/// The gradient of a linear map's weights is never formed as a whole: one sweep over the weights forms it tile by tile,
/// applies the step and serves dx = dy W (with the weights before the step) from the same reading.
package struct Adam: WeightUpdater {
  private let learningRate: Double
  private var step = 0
  private var moments: [Int: Moments] = [:]

  /// Running means of the gradient and of its square, shaped as the parameter.
  private struct Moments {
    var mean: Tensor
    var square: Tensor

    /// Not written to: the first step does not read them.
    init(like parameter: Tensor) {
      unsafe mean = Tensor(uninitialized: parameter.shape) { _ in }
      unsafe square = Tensor(uninitialized: parameter.shape) { _ in }
    }

    init(zerosLike parameter: Tensor) {
      mean = Tensor(zeros: parameter.shape)
      square = mean
    }
  }

  /// Adam with this learning rate.
  package init(learningRate: Double) { self.learningRate = learningRate }

  package mutating func beginStep() { step += 1 }

  private var correctedRate: Float { Float(learningRate / (1 - pow(0.9, Double(step)))) }
  private var rootFactor: Float { Float(1 / (1 - pow(0.999, Double(step))).squareRoot()) }

  package mutating func pullback(_ dy: Tensor, x: Tensor, through map: inout Linear, key: Int) -> Tensor {
    let dx = pullback(dy, x: x, through: &map.weight, key: key)
    update(&map.bias, gradient: columnSums(dy), key: key + 1)
    return dx
  }

  /// The pullback of y = x Wᵀ, weight [outputs, inputs]: the weights take their step, and dx = dy W is returned.
  mutating func pullback(_ dy: Tensor, x: Tensor, through weight: inout Tensor, key: Int) -> Tensor {
    var kept = moments.removeValue(forKey: key) ?? Moments(like: weight)
    let dx = sweep(dy, x: x, &weight, &kept)
    moments[key] = kept
    return dx
  }

  private func sweep(_ dy: Tensor, x: Tensor, _ weight: inout Tensor, _ moments: inout Moments) -> Tensor {
    let (rows, inputs, outputs) = (x.rows, weight.width, weight.rows)
    precondition(dy.rows == rows && dy.width == outputs && x.width == inputs, "cotangent of another map")
    let packed = PackedRows(x)
    let (correctedRate, rootFactor, isFirst) = (correctedRate, rootFactor, Int32(step == 1 ? 1 : 0))
    return unsafe weight.withUnsafeMutableElements { weight in
      unsafe moments.mean.withUnsafeMutableElements { mean in
        unsafe moments.square.withUnsafeMutableElements { square in
          let weight = unsafe SharedElements(weight)
          let (mean, square) = unsafe (SharedElements(mean), SharedElements(square))
          return unsafe sweptInputPullback(rows: rows, inputs: inputs, outputs: outputs) { range, packedInputPullback in
            unsafe packed.elements.withUnsafeElements { packed in
              unsafe dy.withUnsafeElements { dy in
                let all = outputs * inputs
                var sweep = unsafe ag_sweep(
                  rows: rows, inputs: inputs, outputs: outputs, packed_x: packed.baseAddress, dy: dy.baseAddress,
                  packed_dx: packedInputPullback, weight: weight.part(0, all).baseAddress,
                  mean: mean.part(0, all).baseAddress, square: square.part(0, all).baseAddress,
                  learning_rate: correctedRate, root_factor: rootFactor, is_first: isFirst)
                unsafe ag_sweep_rows(&sweep, range.lowerBound, range.upperBound)
              }
            }
          }
        }
      }
    }
  }

  package mutating func update(_ parameter: inout Tensor, gradient: Tensor, key: Int) {
    precondition(parameter.shape == gradient.shape, "gradient \(gradient.shape) of a parameter \(parameter.shape)")
    let (rate, factor) = (correctedRate, rootFactor)
    var kept = moments.removeValue(forKey: key) ?? Moments(zerosLike: parameter)
    unsafe parameter.withUnsafeMutableElements { parameter in
      unsafe kept.mean.withUnsafeMutableElements { mean in
        unsafe kept.square.withUnsafeMutableElements { square in
          unsafe gradient.withUnsafeElements { gradient in
            unsafe ag_adam(
              parameter.baseAddress, mean.baseAddress, square.baseAddress, gradient.baseAddress, rate, factor,
              parameter.count)
          }
        }
      }
    }
    moments[key] = kept
  }
}
