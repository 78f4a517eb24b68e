import Glibc

/// Memory for what a kernel packs in an order of its own, which several threads write, each its own part. It begins at a page.
@safe final class PackedMemory: @unchecked Sendable {
  nonisolated(unsafe) let start: UnsafeMutableRawPointer

  /// Nil if there is no memory for so many bytes.
  init?(bytes: Int) {
    var memory: UnsafeMutableRawPointer?
    guard unsafe posix_memalign(&memory, 4096, max(4096, bytes)) == 0, let start = unsafe memory else { return nil }
    unsafe self.start = start
  }

  deinit { unsafe free(start) }
}
