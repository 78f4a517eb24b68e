import Aesthetic
import ArgumentParser
import CLIPKit
import Files
import Raster
import SystemPackage
import TensorKit

struct Embed: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turns pictures, and folders of them, into an aesthetic.",
    discussion: """
      The aesthetic is the mean of the pictures' CLIP features. A .safetensors file holds its direction as "aesthetic" \
      and the mean itself as "mean"; a .pt file holds the mean as the A1111 extension keeps it.

      Example: aesgrad embed pictures/ --clip openai/clip-vit-large-patch14 -o mine.safetensors
      """)

  @Argument(help: ArgumentHelp("Pictures (PNG, JPEG, WebP) and folders of them.", valueName: "path"))
  var paths: [PathArgument]

  @OptionGroup var models: ModelOptions
  @OptionGroup(title: "How pictures are prepared") var preparation: PreparationOptions

  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("Write the aesthetic there.", valueName: "file"))
  var out: PathArgument?

  @Option(help: ArgumentHelp("Write each picture's features there.", valueName: "file.safetensors"))
  var perImage: PathArgument?

  @OptionGroup var output: OutputOptions
  @OptionGroup var replacing: ReplaceOptions

  func validate() throws {
    if let out, !["pt", "safetensors"].contains(out.path.extension ?? "") {
      throw ValidationError("-o \(out.path.printable): the name must end in .safetensors or .pt")
    }
    if let perImage, perImage.path.extension != "safetensors" {
      throw ValidationError("--per-image \(perImage.path.printable): the name must end in .safetensors")
    }
    if let out, out.path == perImage?.path { throw ValidationError("-o and --per-image name the same file") }
  }

  func run() throws {
    models.applyThreads()
    for target in [out, perImage] { try target.map { try OutputFile.checkTarget($0.path, replacing: replacing.force) } }
    var failures = Failures("pictures")
    let search = try PictureSearch(paths.map(\.path))
    for failure in search.failures { failures.add(failure) }
    guard !search.pictures.isEmpty else {
      if failures.count == 0, let path = paths.first?.path { failures.add(Self.noPictures(path)) }
      return try failures.check(total: failures.count)
    }
    let location = try models.clipModel()
    let model = try ImageFeatures(location)
    let total = search.pictures.count + failures.count
    let gallery = try Progress.over(search.pictures.count, "pictures", quiet: output.quiet) { progress in
      try Gallery(search.pictures, model, preparation, &failures, progress)
    }
    guard let features = gallery.features else { return try failures.check(total: total) }
    guard let aesthetic = Aesthetic(features: features) else {
      throw FileError(.malformed, location.path, "gives features without a direction, so its weights are broken")
    }
    let metadata = self.metadata(location, count: gallery.paths.count)
    try Interruption.whileWriting { try write(aesthetic, gallery, metadata) }
    try report(aesthetic, gallery, location, failed: failures.count)
    try failures.check(total: total)
  }

  private static func noPictures(_ path: FilePath) -> FileError {
    FileError(.missing, path, "holds no pictures (PNG, JPEG, WebP)")
  }

  private func metadata(_ location: ModelLocation, count: Int) -> [ByteString: ByteString] {
    [
      "kind": "aesthetic", "model": ByteString(location.name), "count": "\(count)",
      "preprocess": ByteString(preparation.preprocess.rawValue), "alpha": ByteString(preparation.alpha.rawValue),
      "exif": preparation.noExif ? "ignored" : "applied",
    ]
  }

  private func write(_ aesthetic: Aesthetic, _ gallery: Gallery, _ metadata: [ByteString: ByteString]) throws {
    if let out = out?.path {
      if out.extension == "pt" {
        try aesthetic.writeTorch(to: out, replacing: replacing.force)
      } else {
        try aesthetic.writeSafetensors(metadata: metadata, to: out, replacing: replacing.force)
      }
    }
    if let perImage = perImage?.path, let features = gallery.features {
      var metadata = metadata
      metadata["kind"] = "features"
      metadata["names"] = ByteString(try Console.json(gallery.paths.map(\.printable)))
      try SafetensorsWriter.write(
        [WeightEntry("features", features)], metadata: metadata, to: perImage, replacing: replacing.force)
    }
  }

  private struct Report: Encodable {
    let model: String
    let pictures: [String]
    let failed: Int
    let width: Int
    let meanLength: Double
    let aesthetic: [Float]
  }

  private func report(_ aesthetic: Aesthetic, _ gallery: Gallery, _ location: ModelLocation, failed: Int) throws {
    if output.json {
      return try Console.printJSON(
        Report(
          model: location.name, pictures: gallery.paths.map(\.printable), failed: failed, width: aesthetic.width,
          meanLength: aesthetic.length, aesthetic: aesthetic.direction.elements))
    }
    let count = gallery.paths.count
    try Console.printLine(
      "\(count) picture\(count == 1 ? "" : "s"), width \(CLIPFamily.describe(width: aesthetic.width)), "
        + "length of the mean \(rounded(aesthetic.length, 4))")
  }
}
