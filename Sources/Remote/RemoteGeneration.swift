import Files
package import Raster

/// What a server is asked to draw.
package struct RemoteRequest: Sendable, Hashable {
  package var prompt: String
  package var negativePrompt = ""
  package var steps = 20
  package var guidance = 7.5
  /// As AUTOMATIC1111 calls it.
  package var sampler = "Euler"
  package var isKarras = false
  package var width = 512
  package var height = 512
  /// The first picture's; the next one's is one more.
  package var seed: Int
  package var count = 1
  package var clipSkip = 1
  /// A LoRA that the server has, by its file's name without ending, and how much of it.
  package var lora: (name: String, strength: Double)?
  /// The checkpoint's name there; nil for the one that is loaded, or the only one.
  package var checkpoint: String?

  package init(prompt: String, seed: Int) { (self.prompt, self.seed) = (prompt, seed) }

  package static func == (left: RemoteRequest, right: RemoteRequest) -> Bool { "\(left)" == "\(right)" }
  package func hash(into hasher: inout Hasher) { hasher.combine("\(self)") }
}

/// A picture that a server has drawn.
package struct RemotePicture: Sendable {
  /// The file as it came.
  package let bytes: [UInt8]
  /// The pixels, read by the same decoder as any stranger's file.
  package let picture: Picture
  /// What it was drawn with, in AUTOMATIC1111's words; nil if the server does not say.
  package let settings: String?

  init(_ bytes: [UInt8], settings: String?, from client: HTTPClient) throws(FileError) {
    self.bytes = bytes
    do throws(PictureError) {
      picture = try Picture(decoding: bytes)
      let texts = try PictureInfo(reading: bytes).texts
      self.settings = settings ?? texts.first { $0.key == "parameters" }?.value
    } catch { throw client.fault("sends a picture that " + error.about(client.address.path).problem) }
  }
}
