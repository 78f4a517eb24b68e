import Files

/// The zip layout of torch files: `ROOT/data.pkl`, `ROOT/version`, and a member `ROOT/data/KEY` for each storage.
struct TorchZip {
  let archive: ZipArchive
  /// The name of the one folder in the archive.
  let root: ByteString
  let pickle: Pickle

  init(_ file: InputFile) throws(FileError) {
    archive = try ZipArchive(file)
    let pickles = archive.members.map(\.name).filter { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }
    guard let name = pickles.first, pickles.count == 1 else {
      throw file.fault(
        "is a zip file \(pickles.isEmpty ? "without a" : "with more than one") data.pkl; a file that torch.save wrote was expected"
      )
    }
    root = ByteString(name.bytes.dropLast("/data.pkl".utf8.count))
    let folder = root + "/"
    guard !root.bytes.isEmpty, !root.bytes.contains(UInt8(ascii: "/")),
      archive.members.allSatisfy({ $0.name.hasPrefix(folder) })
    else { throw file.fault("has zip members outside of the folder that torch puts all of them in") }
    if archive[folder + "constants.pkl"] != nil {
      throw file.fault("is a TorchScript program, not weights", hint: "save its state_dict() with torch.save instead")
    }
    try Self.checkVersion(archive, folder, file)
    guard let member = archive[name] else { throw file.fault("has no data.pkl") }
    let bytes = try archive.read(member, limit: TorchFile.longestPickle)
    do {
      pickle = try PickleMachine.read(bytes)
    } catch {
      throw file.fault("has a bad pickle: \(error.problem) (byte \(error.offset) of data.pkl)")
    }
    guard pickle.end == bytes.count else { throw file.fault("has stray bytes behind the pickle in data.pkl") }
  }

  private static func checkVersion(_ archive: ZipArchive, _ folder: ByteString, _ file: InputFile) throws(FileError) {
    guard let member = archive[folder + "version"] else { throw file.fault("has no version, as torch files have") }
    let version = ByteString(try archive.read(member, limit: 16))
    let digits = ByteString(version.bytes.prefix { $0 != UInt8(ascii: "\n") })
    // torch refuses to read later versions itself: 10 is the last that it knows.
    guard let number = digits.string.flatMap({ Int($0) }), (1...10).contains(number) else {
      throw file.fault("has the torch file version \"\(version)\"; 1 to 10 are known")
    }
    guard let order = archive[folder + "byteorder"] else { return }
    let word = ByteString(try archive.read(order, limit: 16))
    guard word == "little" else { throw file.fault("has numbers in \"\(word)\" byte order; only little is read") }
  }
}
