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
  private var maps: [Int: SweptMoments] = [:]
  private var moments: [Int: Moments] = [:]

  /// What is kept of a linear map's weights: the running means of their gradient and of its square, in the sweep's own order
  /// (`ag_sweep`), which are written in every other step only.
  private struct SweptMoments {
    /// Empty before the second step.
    var written = Tensor(zeros: [0])
    /// The gradient that they do not hold yet.
    var pending: Gradient?
  }

  /// The gradient dyᵀ x of a linear map's weights, as its factors.
  private struct Gradient: Sendable {
    let dy: Tensor
    let x: PackedRows

    @unsafe func lend<Result>(
      _ body: (_ packedX: UnsafePointer<Float>?, _ dy: UnsafePointer<Float>?) -> Result
    ) -> Result {
      unsafe x.elements.withUnsafeElements { x in
        unsafe dy.withUnsafeElements { dy in unsafe body(x.baseAddress, dy.baseAddress) }
      }
    }
  }

  /// Running means of the gradient and of its square, shaped as the parameter.
  private struct Moments {
    var mean: Tensor
    var square: Tensor
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
    let (rows, inputs, outputs) = (x.rows, weight.width, weight.rows)
    precondition(dy.rows == rows && dy.width == outputs && x.width == inputs, "cotangent of another map")
    let gradient = Gradient(dy: dy, x: PackedRows(x))
    // Taken out, so that nothing else holds on to the moments while they are written.
    var kept = maps.removeValue(forKey: key) ?? SweptMoments()
    let earlier = kept.pending
    let (areZero, areWritten) = (kept.written.count == 0, earlier != nil)
    if areZero, areWritten { unsafe kept.written = Tensor(uninitialized: [ag_moments_count(outputs, inputs)]) { _ in } }
    let (count, rate, factor) = (kept.written.count, correctedRate, rootFactor)
    let dx = unsafe weight.withUnsafeMutableElements { weight in
      unsafe kept.written.withUnsafeMutableElements { moments in
        let (weight, moments) = unsafe (SharedElements(weight), SharedElements(moments))
        return unsafe sweptInputPullback(rows: rows, inputs: inputs, outputs: outputs) { range, packedInputPullback in
          let weight = unsafe weight.part(0, outputs * inputs).baseAddress
          let moments = unsafe moments.part(0, count).baseAddress
          unsafe gradient.lend { packedX, dy in
            unsafe (earlier ?? gradient).lend { earlierX, earlierDy in
              var sweep = unsafe ag_sweep(
                rows: rows, inputs: inputs, outputs: outputs, packed_x: packedX, dy: dy, packed_dx: packedInputPullback,
                weight: weight, moments: areZero ? nil : moments, new_moments: areWritten ? moments : nil,
                earlier_rows: earlier?.dy.rows ?? 0, earlier_packed_x: earlierX, earlier_dy: earlierDy,
                learning_rate: rate, root_factor: factor)
              unsafe ag_sweep_rows(&sweep, range.lowerBound, range.upperBound)
            }
          }
        }
      }
    }
    kept.pending = areWritten ? nil : gradient
    maps[key] = kept
    return dx
  }

  package mutating func update(_ parameter: inout Tensor, gradient: Tensor, key: Int) {
    precondition(parameter.shape == gradient.shape, "gradient \(gradient.shape) of a parameter \(parameter.shape)")
    let (rate, factor) = (correctedRate, rootFactor)
    var kept =
      moments.removeValue(forKey: key)
      ?? Moments(mean: Tensor(zeros: parameter.shape), square: Tensor(zeros: parameter.shape))
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
