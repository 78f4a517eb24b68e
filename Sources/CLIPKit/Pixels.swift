package import Raster
package import TensorKit

extension ImagePreprocessing {
  /// Pictures as the image encoder takes them: shorter side resized to `side`, the middle cut out, each channel
  /// (value / 255 − mean) / deviation. To [n, 3, side, side], red, green and blue plane behind each other.
  package func pixels(_ pictures: [Picture], crop: CLIPCrop) -> Tensor {
    unsafe Tensor(shape: [pictures.count, 3 * side * side]) { range, output in
      for (place, index) in range.enumerated() {
        let prepared = pictures[index].preparedForCLIP(side: side, crop: crop).pixels
        for channel in 0..<3 {
          let start = (place * 3 + channel) * side * side
          for pixel in 0..<side * side {
            let value = Float(prepared[pixel * 3 + channel]) / 255
            unsafe output[start + pixel] = (value - mean[channel]) / deviation[channel]
          }
        }
      }
    }.reshaped([pictures.count, 3, side, side])
  }
}
