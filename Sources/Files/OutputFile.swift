import Glibc
import Synchronization
public import SystemPackage

/// A file being written beside its place, which appears there whole or not at all.
///
/// The bytes go to a temporary file in the same folder, which is synced, renamed, and made lasting by syncing the folder.
public struct OutputFile: ~Copyable {
  /// Where the file will be.
  public let path: FilePath
  /// Where it is until it is complete, for what writes by name.
  public let temporary: FilePath
  private let descriptor: FileDescriptor
  private static let counter = Atomic<Int>(0)

  /// Writes a file at `path` with `body`. An existing file is refused unless `replacing`; where `body` throws, or writing
  /// fails, nothing is left behind and an older file stays as it was.
  public static func write(
    to path: FilePath, replacing: Bool, _ body: (borrowing OutputFile) throws -> Void
  ) throws {
    try checkTarget(path, replacing: replacing)
    let file = try OutputFile(path)
    do {
      try body(file)
      try file.finish(replacing: replacing)
    } catch {
      try? file.descriptor.close()
      _ = unsafe file.temporary.withPlatformString { unsafe unlink($0) }
      throw error
    }
  }

  /// Writes `bytes` to `path`, as `write(to:replacing:_:)` does.
  public static func write(_ bytes: [UInt8], to path: FilePath, replacing: Bool) throws {
    try write(to: path, replacing: replacing) { file in try file.append(bytes) }
  }

  /// Throws if `path` cannot become an output, before any work is done for it.
  public static func checkTarget(_ path: FilePath, replacing: Bool) throws(FileError) {
    var status = stat()
    guard unsafe path.withPlatformString({ unsafe lstat($0, &status) }) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR { throw FileError(.cannotCreate, path, "is a folder") }
    if !replacing { throw FileError(.cannotCreate, path, "exists already", hint: "--force replaces it") }
  }

  private init(_ path: FilePath) throws(FileError) {
    self.path = path
    let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
    temporary = path.removingLastComponent().appending(".aesgrad-\(getpid())-\(number).tmp")
    do {
      descriptor = try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
    } catch {
      throw FileError(.cannotCreate, path, "cannot be created (\(error))")
    }
  }

  /// Throws if the file system has no room for `count` bytes, so that a full disk is noticed before work is done.
  public func checkRoom(for count: Int) throws(FileError) {
    var space = statvfs()
    // Some file systems cannot say; there the writing itself will tell.
    guard unsafe fstatvfs(descriptor.rawValue, &space) == 0, space.f_blocks > 0 else { return }
    let (free, overflow) = UInt64(space.f_bavail).multipliedReportingOverflow(by: UInt64(space.f_frsize))
    guard overflow || count <= free else {
      throw FileError(.cannotCreate, path, "needs \(count) bytes, the disk has \(free) left")
    }
  }

  /// Adds bytes at the end.
  public func append(_ bytes: [UInt8]) throws(FileError) {
    var failure: FileError?
    unsafe bytes.withUnsafeBytes { buffer in
      do throws(FileError) { try unsafe append(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Adds bytes at the end.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    do {
      _ = try unsafe descriptor.writeAll(bytes)
    } catch {
      throw FileError(.readWrite, path, "cannot be written (\(error))")
    }
  }

  private func finish(replacing: Bool) throws(FileError) {
    guard fsync(descriptor.rawValue) == 0 else { throw failure("cannot be written") }
    let placed = unsafe temporary.withPlatformString { old in
      unsafe path.withPlatformString { new in
        // A hard link fails where the name is taken meanwhile, which a rename would not; some file systems have none.
        if !replacing, unsafe link(old, new) == 0 { return unsafe unlink(old) }
        if !replacing, errno == EEXIST { return Int32(-1) }
        return unsafe rename(old, new)
      }
    }
    guard placed == 0 else { throw failure("cannot be put in place") }
    try? descriptor.close()
    let folder = path.removingLastComponent()
    if let opened = try? FileDescriptor.open(folder.isEmpty ? "." : folder, .readOnly, options: [.closeOnExec]) {
      fsync(opened.rawValue)
      try? opened.close()
    }
  }

  private func failure(_ problem: String) -> FileError {
    FileError(.readWrite, path, "\(problem) (\(Errno(rawValue: errno)))")
  }
}
