public import Files
public import SystemPackage

/// Opens weight files of any kind.
public enum WeightFile {
  /// Opens the safetensors or torch file at `path`. Its content decides which it is, not its name; of a file that is
  /// something else, the error says what.
  public static func open(_ path: FilePath) throws(FileError) -> any WeightSource {
    let file = try InputFile(path)
    let sample = try file.read(at: 0, count: min(file.count, ContentKind.sampleLength))
    if sample.starts(with: [0x50, 0x4B, 3, 4]) || TorchLegacy.mark.starts(with: sample.prefix(4)), sample.count >= 4 {
      return try TorchFile(file)
    }
    if isSafetensors(sample) { return try SafetensorsFile(file) }
    throw FileError(.malformed, path, problem(sample), hint: hint(sample))
  }

  /// Whether a JSON object begins where the header of a safetensors file would.
  private static func isSafetensors(_ sample: [UInt8]) -> Bool {
    // The highest bytes of the header's length tell it from text; white space before the object is allowed.
    sample.count > 8 && sample[4..<8] == [0, 0, 0, 0]
      && sample.dropFirst(8).first { ![0x20, 9, 10, 13].contains($0) } == UInt8(ascii: "{")
  }

  private static func problem(_ sample: [UInt8]) -> String {
    if sample.dropFirst(257).starts(with: "ustar".utf8) {
      return "is a tar archive, the layout of torch files before version 0.2, which is not read"
    }
    guard let kind = ContentKind.describe(sample) else { return "is neither a safetensors nor a torch file" }
    return "is \(kind); a safetensors or torch file (.pt, .ckpt) was expected"
  }

  private static func hint(_ sample: [UInt8]) -> String? {
    switch ContentKind.describe(sample) {
    case "a web page": "the download gave a web page instead of the file; download it again"
    case let kind? where kind.hasPrefix("a Git LFS"): "`git lfs pull` in its repository fetches the file"
    case let kind? where kind.hasPrefix("a Python pickle"): "save it with torch.save, or as safetensors"
    case let kind? where kind.hasPrefix("a tar"): "load it with an old torch and save it again"
    case "an empty file", "a file that begins with zeros, as a broken download does": "download it again"
    default: nil
    }
  }
}
