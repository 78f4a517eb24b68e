/// Cuts pictures into square patches: pixels [n, channels, height, width] to [n · (height / p) · (width / p), channels · p · p].
///
/// A convolution whose stride is its kernel size p, as at the entrance of a vision transformer (Dosovitskiy et al. 2020,
/// arXiv 2010.11929), is a linear map of these rows. A rest of less than a patch at the right and bottom is left out.
package func patches(_ pixels: Tensor, size: Int) -> Tensor {
  let grid = PatchGrid(pixels.shape, size: size)
  return unsafe Tensor(uninitialized: grid.patchShape) { output in
    unsafe pixels.withUnsafeElements { input in
      grid.forEachRun { pixel, patch in
        for column in 0..<size { unsafe output[patch + column] = input[pixel + column] }
      }
    }
  }
}

/// The pullback of `patches(_:size:)`: every element back in its place.
package func patchesPullback(_ dy: Tensor, pixelShape: [Int], size: Int) -> Tensor {
  let grid = PatchGrid(pixelShape, size: size)
  precondition(dy.shape == grid.patchShape, "patches \(dy.shape) of pictures \(pixelShape)")
  var pixels = Tensor(zeros: pixelShape)
  unsafe pixels.withUnsafeMutableElements { output in
    unsafe dy.withUnsafeElements { input in
      grid.forEachRun { pixel, patch in
        for column in 0..<size { unsafe output[pixel + column] = input[patch + column] }
      }
    }
  }
  return pixels
}

private struct PatchGrid {
  let count: Int, channels: Int, height: Int, width: Int, size: Int

  init(_ shape: [Int], size: Int) {
    precondition(shape.count == 4 && size > 0, "pictures of shape \(shape)")
    (count, channels, height, width) = (shape[0], shape[1], shape[2], shape[3])
    self.size = size
  }

  var patchShape: [Int] { [count * (height / size) * (width / size), channels * size * size] }

  /// Calls `body` with the offsets of each run of `size` pixels that stand side by side in the picture and in its patch.
  func forEachRun(_ body: (_ pixel: Int, _ patch: Int) -> Void) {
    var patch = 0
    for picture in 0..<count {
      for down in 0..<height / size {
        for across in 0..<width / size {
          for channel in 0..<channels {
            for line in 0..<size {
              body(((picture * channels + channel) * height + down * size + line) * width + across * size, patch)
              patch += size
            }
          }
        }
      }
    }
  }
}
