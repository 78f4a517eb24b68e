import CKernels

/// y = (x − mean) / √(variance + ε) · scale + bias along the last axis (Ba et al. 2016, arXiv 1607.06450).
/// x [rows, width], scale and bias [width].
package func layerNorm(_ x: Tensor, scale: Tensor, bias: Tensor, epsilon: Float) -> Tensor {
  let width = x.width
  precondition(scale.count == width && bias.count == width, "layer norm of \(scale.count) on \(x.shape)")
  return unsafe Tensor(shape: x.shape, rowGrain: 16) { range, output in
    unsafe x.withUnsafeElements { x in
      unsafe scale.withUnsafeElements { scale in
        unsafe bias.withUnsafeElements { bias in
          guard let input = x.baseAddress else { return }
          unsafe ag_layer_norm(
            input + range.lowerBound * width, scale.baseAddress, bias.baseAddress, epsilon, output.baseAddress,
            range.count, width)
        }
      }
    }
  }
}

/// The pullback of `layerNorm`.
package func layerNormPullback(
  _ dy: Tensor, x: Tensor, scale: Tensor, epsilon: Float
) -> (dx: Tensor, dscale: Tensor, dbias: Tensor) {
  let width = x.width
  precondition(dy.shape == x.shape && scale.count == width, "layer norm pullback of \(dy.shape) at \(x.shape)")
  var dscale = Tensor(zeros: [width])
  var dbias = Tensor(zeros: [width])
  let dx = unsafe Tensor(uninitialized: x.shape) { dx in
    unsafe dscale.withUnsafeMutableElements { dscale in
      unsafe dbias.withUnsafeMutableElements { dbias in
        unsafe x.withUnsafeElements { x in
          unsafe dy.withUnsafeElements { dy in
            unsafe scale.withUnsafeElements { scale in
              unsafe ag_layer_norm_pullback(
                x.baseAddress, scale.baseAddress, epsilon, dy.baseAddress, dx.baseAddress, dscale.baseAddress,
                dbias.baseAddress, x.count / max(1, width), width)
            }
          }
        }
      }
    }
  }
  return (dx, dscale, dbias)
}
