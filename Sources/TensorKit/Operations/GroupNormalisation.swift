import CKernels
import Synchronization

/// (x − mean) / √(variance + ε) · scale + bias (Wu and He 2018, arXiv 1803.08494), then SiLU on request. Mean and variance
/// are those of a picture's group of channels: x [n, height, width, channels], scale and bias [channels].
package func groupNorm(_ x: Tensor, groups: Int, scale: Tensor, bias: Tensor, epsilon: Float, silu: Bool) -> Tensor {
  let channels = x.width
  precondition(
    channels == scale.count && channels == bias.count && channels % groups == 0, "\(groups) groups of \(x.shape)")
  let pictures = x.shape[0]
  let pixels = x.count / max(1, pictures * channels)
  let maps = (0..<pictures).map { picture in
    channelMap(x, picture: picture, pixels: pixels, groups: groups, scale: scale, bias: bias, epsilon: epsilon)
  }
  return unsafe Tensor(shape: x.shape, rowGrain: 64) { rows, output in
    unsafe x.withUnsafeElements { x in
      guard let input = x.baseAddress, let output = output.baseAddress else { return }
      for (picture, map) in maps.enumerated() {
        let part = rows.clamped(to: picture * pixels..<(picture + 1) * pixels)
        guard !part.isEmpty else { continue }
        unsafe map.withUnsafeElements { map in
          guard let factor = map.baseAddress else { return }
          unsafe ag_scale_channels(
            input + part.lowerBound * channels, factor, factor + channels,
            output + (part.lowerBound - rows.lowerBound) * channels, part.count, channels, silu ? 1 : 0)
        }
      }
    }
  }
}

/// The factor and the shift of every channel of one picture: [2, channels].
private func channelMap(
  _ x: Tensor, picture: Int, pixels: Int, groups: Int, scale: Tensor, bias: Tensor, epsilon: Float
) -> Tensor {
  let channels = x.width
  let moments = channelMoments(x, picture: picture, pixels: pixels)
  let (scale, bias) = (scale.elements, bias.elements)
  var map = [Float](repeating: 0, count: 2 * channels)
  let size = channels / groups
  for group in 0..<groups {
    let members = group * size..<(group + 1) * size
    let mean = members.reduce(0) { $0 + moments.mean[$1] } / Double(size)
    let squares = members.reduce(0) { sum, channel in
      let distance = moments.mean[channel] - mean
      return sum + moments.squares[channel] + Double(pixels) * distance * distance
    }
    let inverse = 1 / (squares / Double(pixels * size) + Double(epsilon)).squareRoot()
    for channel in members {
      let factor = Double(scale[channel]) * inverse
      map[channel] = Float(factor)
      map[channels + channel] = Float(Double(bias[channel]) - mean * factor)
    }
  }
  return Tensor(map, shape: [2, channels])
}

/// Every channel's mean, and the sum of the squared distances from it.
private func channelMoments(_ x: Tensor, picture: Int, pixels: Int) -> (mean: [Double], squares: [Double]) {
  let channels = x.width
  // As many parts whatever the number of threads, so that this does not change the sums.
  let parts = max(1, min(64, pixels / 256))
  let found = Mutex<[Int: (mean: [Double], squares: [Double])]>([:])
  parallel(parts) { range in
    for part in range {
      let place = pixels * part / parts..<pixels * (part + 1) / parts
      var mean = [Double](repeating: 0, count: channels)
      var squares = mean
      unsafe x.withUnsafeElements { x in
        guard let start = x.baseAddress else { return }
        unsafe ag_channel_moments(
          start + (picture * pixels + place.lowerBound) * channels, &mean, &squares, place.count, channels)
      }
      let own = (mean, squares)
      found.withLock { $0[part] = own }
    }
  }
  let all = found.withLock { $0 }
  var total = (mean: [Double](repeating: 0, count: channels), squares: [Double](repeating: 0, count: channels))
  for part in 0..<parts {
    guard let next = all[part] else { continue }
    // Chan et al. 1979, equation 2.1.
    let (count, together) = (pixels * part / parts, pixels * (part + 1) / parts)
    let share = Double(together - count) / Double(max(1, together))
    for channel in 0..<channels {
      let distance = next.mean[channel] - total.mean[channel]
      total.squares[channel] += next.squares[channel] + distance * distance * Double(count) * share
      total.mean[channel] += distance * share
    }
  }
  return total
}
