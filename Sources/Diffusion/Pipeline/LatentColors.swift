import Glibc
package import TensorKit

/// The colour of a latent, roughly: a linear map, found by letting the VAE decode noise once and fitting the mean colour of
/// each square to its latent. Previews need no more, and every VAE has its own.
package struct LatentColors: Sendable {
  /// [latents + 1, 3]: a row for each channel, and what is added.
  private let map: [[Double]]
  private let channels: Int

  /// Latents of so many squares are decoded.
  private static let side = 16

  package init(_ vae: VAE) {
    let (side, channels) = (Self.side, vae.configuration.latentChannels)
    self.channels = channels
    var source = TorchNormals(seed: 0)
    let latents = source.normals([1, channels, side, side])
    let pictures = vae.pictures(from: latents)
    let (values, noise) = (pictures.elements, latents.elements)
    let (scale, width) = (vae.reduction, side * vae.reduction)
    // Normal equations of the least squares.
    var left = [[Double]](repeating: [Double](repeating: 0, count: channels + 1), count: channels + 1)
    var right = [[Double]](repeating: [0, 0, 0], count: channels + 1)
    for place in 0..<side * side {
      let row = (0..<channels).map { Double(noise[$0 * side * side + place]) } + [1]
      let corner = place / side * scale * width + place % side * scale
      for a in row.indices { for b in row.indices { left[a][b] += row[a] * row[b] } }
      for color in 0..<3 {
        var mean = 0.0
        for line in 0..<scale {
          for column in 0..<scale { mean += Double(values[color * width * width + corner + line * width + column]) }
        }
        mean /= Double(scale * scale)
        for a in row.indices { right[a][color] += row[a] * mean }
      }
    }
    map = Self.solved(left, right)
  }

  /// Gauss's elimination; the matrix is symmetric and, with noise in it, definite.
  private static func solved(_ left: [[Double]], _ right: [[Double]]) -> [[Double]] {
    var (left, right) = (left, right)
    for pivot in left.indices {
      for row in left.indices where row != pivot {
        let factor = left[row][pivot] / left[pivot][pivot]
        for column in left.indices { left[row][column] -= factor * left[pivot][column] }
        for column in 0..<3 { right[row][column] -= factor * right[pivot][column] }
      }
    }
    return left.indices.map { row in right[row].map { $0 / left[row][row] } }
  }

  /// A small picture of latents [1, latents, height, width]: [1, 3, height, width], −1 to 1.
  package func picture(of latents: Tensor) -> Tensor {
    let area = latents.shape[2] * latents.shape[3]
    let elements = latents.elements
    let values = (0..<3).flatMap { color in
      (0..<area).map { place in
        Float((0..<channels).reduce(map[channels][color]) { $0 + map[$1][color] * Double(elements[$1 * area + place]) })
      }
    }
    return Tensor(values, shape: [1, 3, latents.shape[2], latents.shape[3]])
  }
}
