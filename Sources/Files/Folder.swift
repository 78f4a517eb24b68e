import Glibc
public import SystemPackage

/// What stands in a folder.
public enum Folder {
  /// The path of everything in the folder at `path` but `.` and `..`, in the order of the names' bytes.
  ///
  /// Names keep the bytes they have on disk, which need not be text: what is listed here can be opened.
  public static func entries(of path: FilePath) throws(FileError) -> [FilePath] {
    guard let folder = unsafe path.withPlatformString({ unsafe opendir($0) }) else {
      let reason = Errno(rawValue: errno)
      if reason == .noSuchFileOrDirectory { throw FileError(.missing, path, "there is no such folder") }
      if reason == .notDirectory { throw FileError(.malformed, path, "is not a folder") }
      throw FileError(.missing, path, "cannot be listed (\(reason))")
    }
    defer { unsafe closedir(folder) }
    var entries: [(name: ByteString, path: FilePath)] = []
    errno = 0
    while let entry = unsafe readdir(folder) {
      let name = unsafe name(of: entry)
      if name != ".", name != "..", let component = component(name) {
        entries.append((name, path.appending(component)))
      }
      errno = 0
    }
    guard errno == 0 else { throw FileError(.readWrite, path, "cannot be listed (\(Errno(rawValue: errno)))") }
    return entries.sorted { $0.name < $1.name }.map(\.path)
  }

  private static func name(of entry: UnsafeMutablePointer<dirent>) -> ByteString {
    let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
    let start = unsafe UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
    return unsafe ByteString(cString: start)
  }

  private static func component(_ name: ByteString) -> FilePath.Component? {
    let characters = name.bytes.map { CChar(bitPattern: $0) } + [0]
    return unsafe characters.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return nil }
      return unsafe FilePath.Component(platformString: start)
    }
  }
}

extension Folder {
  /// Makes the folder at `path`, whose parent must be there; an error if something is there already.
  public static func make(_ path: FilePath) throws(FileError) {
    guard unsafe path.withPlatformString({ unsafe mkdir($0, 0o777) }) == 0 else {
      throw FileError(.cannotCreate, path, "cannot be made (\(Errno(rawValue: errno)))")
    }
  }

  /// Removes `files` and the folder at `path`, which a failed output has made, as far as they are there.
  public static func removeMade(_ path: FilePath, with files: [FilePath]) {
    for file in files { _ = unsafe file.withPlatformString { unsafe unlink($0) } }
    _ = unsafe path.withPlatformString { unsafe rmdir($0) }
  }
}
