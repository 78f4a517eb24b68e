import ArgumentParser
import Files
import Raster
import SystemPackage

/// A picture that others are made from, and which part of it is made anew.
struct OriginalOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Begin with this picture instead of noise alone.", valueName: "file"))
  var initImage: PathArgument?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How much of it is made anew, from 0 to 1; otherwise 0.75, or 1 with --outpaint.", valueName: "share"))
  var denoise: Double?

  @Option(help: ArgumentHelp("Make only that anew which is white in this picture.", valueName: "file"))
  var mask: PathArgument?

  @Option(
    help: ArgumentHelp("Add so many pixels at the left, top, right and bottom.", valueName: "l,t,r,b"))
  var outpaint: Margins?

  func validate() throws {
    if initImage == nil, mask != nil { throw ValidationError("--mask needs an --init-image") }
    if initImage == nil, outpaint != nil { throw ValidationError("--outpaint needs an --init-image") }
    if let denoise, !(0...1).contains(denoise) {
      throw ValidationError("--denoise \(denoise): a number from 0 to 1 is needed")
    }
  }

  /// Puts what was asked for into `settings`; the rest stays.
  func apply(to settings: inout GenerationSettings) throws {
    if let path = initImage?.path {
      settings.original = OriginalSettings(
        path: path, denoise: denoise ?? (outpaint == nil ? 0.75 : 1), mask: mask?.path, margins: outpaint)
    } else if let denoise {
      guard settings.original != nil else { throw ValidationError("--denoise needs an --init-image") }
      settings.original?.denoise = denoise
    }
  }
}

/// Pixels to be added around a picture.
struct Margins: Hashable, ExpressibleByArgument {
  let left: Int
  let top: Int
  let right: Int
  let bottom: Int

  init?(argument: String) {
    let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let values = numbers.compactMap(\.self)
    guard numbers.count == 4, values.count == 4, values.allSatisfy({ (0...8192).contains($0) }),
      values.contains(where: { $0 > 0 })
    else { return nil }
    (left, top, right, bottom) = (values[0], values[1], values[2], values[3])
  }

  var description: String { "\(left),\(top),\(right),\(bottom)" }
}

/// A picture that others are made from, as `generate` is told and as its pictures say.
struct OriginalSettings: Hashable {
  var path: FilePath
  /// 0 leaves it as it is, 1 makes it anew.
  var denoise: Double
  var mask: FilePath?
  var margins: Margins?
  /// The hashes of the files that it must be; nil for any.
  var hashes: [String] = []

  private enum Name {
    static let denoise = "Denoising strength"
    static let path = "Init image"
    static let pathHash = "Init image hash"
    static let mask = "Mask"
    static let maskHash = "Mask hash"
    static let margins = "Outpaint"
  }

  init(path: FilePath, denoise: Double, mask: FilePath?, margins: Margins?) {
    (self.path, self.denoise, self.mask, self.margins) = (path, denoise, mask, margins)
  }

  /// What pictures say, given the hashes of the files.
  func fields(hashes: [String]) -> [GenerationText.Setting] {
    var fields: [GenerationText.Setting] = [
      .init(Name.denoise, "\(denoise)"), .init(Name.path, path.string), .init(Name.pathHash, hashes[0]),
    ]
    if let mask { fields += [.init(Name.mask, mask.string), .init(Name.maskHash, hashes[1])] }
    if let margins { fields.append(.init(Name.margins, margins.description)) }
    return fields
  }

  /// The picture that the text of one at `path` names; nil if it was made from noise alone.
  init?(_ text: GenerationText, of path: FilePath) throws(FileError) {
    guard let name = text.value(Name.path), !name.isEmpty else { return nil }
    guard let value = text.value(Name.denoise), let denoise = Double(value), (0...1).contains(denoise) else {
      throw FileError(
        .malformed, path, "does not say how much of \(ByteString(name)) was made anew (Denoising strength)")
    }
    self.init(
      path: FilePath(name), denoise: denoise, mask: text.value(Name.mask).map { FilePath($0) },
      margins: text.value(Name.margins).flatMap { Margins(argument: $0) })
    hashes = [text.value(Name.pathHash), text.value(Name.maskHash)].compactMap(\.self)
  }
}
