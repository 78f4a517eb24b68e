import Files
import Foundation
import Raster
import SystemPackage

/// The folder that pictures are written to: numbered through, never over another.
struct PictureFolder {
  let path: FilePath

  /// Throws where no pictures can be written. A folder that is not there is made with the first of them.
  init(_ path: FilePath) throws(FileError) {
    self.path = path
    var existing = path
    while !existing.isEmpty, !existing.exists { existing = existing.removingLastComponent() }
    if existing.isEmpty { existing = "." }
    guard existing.isFolder, FileManager.default.isWritableFile(atPath: existing.string) else {
      throw FileError(
        .cannotCreate, path,
        "cannot take pictures: \(existing.printable) is \(existing.isFolder ? "not writable" : "no folder")")
    }
  }

  private func make() throws(FileError) {
    do {
      try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    } catch {
      throw FileError(.cannotCreate, path, "cannot be made a folder for pictures (\(error.localizedDescription))")
    }
  }

  /// Writes the next picture, `00007-42.png` for the name `42`, with this text of settings.
  func write(_ picture: Picture, name: String, text: GenerationText) throws -> (path: FilePath, bytes: [UInt8]) {
    try make()
    let digits = "\(try nextNumber())"
    let number = String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    let path = path.appending("\(number)-\(name).png")
    let bytes: [UInt8]
    do throws(PictureError) {
      bytes = try picture.png(texts: [PictureText(key: "parameters", value: text.text)])
    } catch {
      throw FileError(.cannotCreate, path, error.problem)
    }
    try Interruption.whileWriting { try OutputFile.write(bytes, to: path, replacing: false) }
    return (path, bytes)
  }

  /// One more than the highest number there.
  private func nextNumber() throws(FileError) -> Int {
    try Folder.entries(of: path).reduce(0) { next, entry in
      guard let digits = entry.lastComponent?.string.prefix(while: { $0.isASCII && $0.isNumber }),
        let number = Int(digits), number < Int(Int32.max)
      else { return next }
      return max(next, number + 1)
    }
  }
}
