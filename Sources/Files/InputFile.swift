import Glibc
public import SystemPackage

/// A regular file opened for reading at any place.
///
/// Folders, pipes and devices are refused without blocking on them. Reads are `pread`s into memory of our own, never a
/// mapping: another program may cut the file short meanwhile, and then a read fails where a mapping would kill us.
public final class InputFile: Sendable {
  /// Where the file is.
  public let path: FilePath
  /// Its size in bytes when it was opened.
  public let count: Int
  private let descriptor: FileDescriptor

  /// Opens the file at `path`.
  public init(_ path: FilePath) throws(FileError) {
    do {
      descriptor = try FileDescriptor.open(path, .readOnly, options: [.nonBlocking, .closeOnExec])
    } catch Errno.noSuchFileOrDirectory {
      throw FileError(.missing, path, "there is no such file")
    } catch {
      throw FileError(.missing, path, "cannot be opened (\(error))")
    }
    self.path = path
    var status = stat()
    let result = unsafe fstat(descriptor.rawValue, &status)
    guard result == 0, status.st_mode & S_IFMT == S_IFREG else {
      try? descriptor.close()
      throw FileError(
        .malformed, path,
        result == 0 && status.st_mode & S_IFMT == S_IFDIR ? "is a folder, not a file" : "is not a regular file")
    }
    count = Int(status.st_size)
  }

  deinit { try? descriptor.close() }

  /// All bytes of the file, refused beyond `limit` bytes.
  public func readAll(limit: Int) throws(FileError) -> [UInt8] {
    guard count <= limit else {
      throw FileError(.malformed, path, "is \(count) bytes long; at most \(limit) were expected")
    }
    return try read(at: 0, count: count)
  }

  /// `count` bytes from `offset` on; an error if the file has not that many.
  public func read(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
    try checkRange(offset, count)
    var failure: FileError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
      do throws(FileError) {
        let bytes = UnsafeMutableRawBufferPointer(buffer)
        try unsafe read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]))
        initialised = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Fills `buffer` with the bytes from `offset` on; an error if the file has not that many.
  public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
    try checkRange(offset, buffer.count)
    var done = 0
    while done < buffer.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let taken: Int
      do {
        taken = try unsafe descriptor.read(fromAbsoluteOffset: Int64(offset + done), into: rest)
      } catch {
        throw FileError(.readWrite, path, "cannot be read (\(error))")
      }
      guard taken > 0 else { throw FileError(.readWrite, path, "became shorter while it was read") }
      done += taken
    }
  }

  private func checkRange(_ offset: Int, _ length: Int) throws(FileError) {
    guard offset >= 0, length >= 0, offset <= count, length <= count - offset else {
      throw FileError(.malformed, path, "ends too early: \(length) bytes at \(offset) were expected, it has \(count)")
    }
  }
}
