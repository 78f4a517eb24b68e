import Files
import SystemPackage

/// Finds the pictures that paths given by the user mean: files as they are, folders with all that is below them.
///
/// Each file comes once, by whatever path it is reached first. In folders, entries come in the order of their names'
/// bytes; hidden ones, and files whose extension is no picture's, are passed over. Nothing is opened here, so that
/// pipes cannot block; what is no picture after all, decoding will say.
struct PictureSearch {
  private(set) var pictures: [FilePath] = []
  /// What could not be looked at.
  private(set) var failures: [FileError] = []
  private var seen: Set<Identity> = []

  /// What two paths to one file or folder have in common.
  private struct Identity: Hashable {
    let device: DeviceID
    let number: Inode
  }

  /// The extensions that a file in a folder is taken for a picture by. Some are of formats that cannot be read: somebody
  /// who has such pictures wants to know that they do not count.
  private static let extensions: Set<String> = [
    "png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "tif", "tiff", "heic", "heif", "avif", "jxl",
  ]

  /// Looks at `paths`, in this order.
  init(_ paths: [FilePath]) throws(Interruption) {
    for path in paths { try visit(path, isNamed: true) }
  }

  private mutating func visit(_ path: FilePath, isNamed: Bool) throws(Interruption) {
    try Interruption.check()
    guard let status = try? path.stat() else {
      // A link in a folder that leads nowhere is of no interest unless it claims to be a picture.
      if isNamed { failures.append(FileError(.missing, path, "there is no such file")) }
      if !isNamed, Self.hasPictureExtension(path) { failures.append(FileError(.missing, path, "leads nowhere")) }
      return
    }
    let isFolder = status.type == .directory
    guard isFolder || isNamed || Self.hasPictureExtension(path) else { return }
    // Also what makes links that lead back up harmless: a folder is entered once.
    guard seen.insert(Identity(device: status.deviceID, number: status.inode)).inserted else { return }
    if !isFolder { return pictures.append(path) }
    let entries: [FilePath]
    do throws(FileError) { entries = try Folder.entries(of: path) } catch { return failures.append(error) }
    for entry in entries where !Self.isHidden(entry) { try visit(entry, isNamed: false) }
  }

  private static func isHidden(_ path: FilePath) -> Bool { path.lastComponent?.string.hasPrefix(".") == true }

  private static func hasPictureExtension(_ path: FilePath) -> Bool {
    path.extension.map { extensions.contains($0.lowercased()) } ?? false
  }
}
