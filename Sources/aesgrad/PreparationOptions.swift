// Public because conformances of public types are.
public import ArgumentParser
public import Raster

/// How pictures become what the image encoder looks at.
struct PreparationOptions: ParsableArguments {
  @Option(help: "Where the square is cut out: as OpenAI's CLIP does, or as Hugging Face's.")
  var preprocess = CLIPCrop.openAI

  @Option(help: "What becomes of transparency: laid over white, or dropped as OpenAI's CLIP does.")
  var alpha = PictureDecoding.Alpha.overWhite

  @Flag(help: "Do not turn pictures as their Exif data say.")
  var noExif = false

  @Option(help: ArgumentHelp("Refuse pictures of more pixels.", valueName: "count"))
  var maxPixels = PictureDecoding.defaultPixelLimit

  func validate() throws {
    if maxPixels < 1 { throw ValidationError("--max-pixels \(maxPixels): at least 1 is needed") }
  }

  /// The same for the decoder.
  var decoding: PictureDecoding {
    PictureDecoding(alpha: alpha, appliesOrientation: !noExif, pixelLimit: maxPixels)
  }
}

extension CLIPCrop: ExpressibleByArgument {}
extension PictureDecoding.Alpha: ExpressibleByArgument {}
