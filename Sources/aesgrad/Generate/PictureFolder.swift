import Files
import Foundation
import Raster
import SystemPackage

/// The folder that pictures are written to: numbered through, never over another.
struct PictureFolder {
  let path: FilePath

  /// Makes the folder if it is not there; throws where it cannot be written to.
  init(_ path: FilePath) throws(FileError) {
    self.path = path
    do {
      try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    } catch {
      throw FileError(.cannotCreate, path, "cannot be made a folder for pictures (\(error.localizedDescription))")
    }
    guard FileManager.default.isWritableFile(atPath: path.string) else {
      throw FileError(.cannotCreate, path, "is a folder that cannot be written to")
    }
  }

  /// Writes the next picture, `00007-42.png` for the name `42`, with this text of settings.
  func write(_ picture: Picture, name: String, text: GenerationText) throws -> (path: FilePath, bytes: [UInt8]) {
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
