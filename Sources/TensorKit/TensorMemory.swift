import Glibc
import Synchronization

/// Where the elements of tensors stand.
///
/// Blocks of large tensors that are gone are kept for the next tensors of their size. The system clears every page before
/// it hands it out, which takes about as long as an operation that fills it; and networks want the same sizes again and
/// again.
enum TensorMemory {
  /// Safe as long as nobody looks at what is in it.
  @safe private struct Block: @unchecked Sendable {
    let start: UnsafeMutableRawPointer
    let byteCount: Int
  }

  /// The blocks that nobody uses, the one that has waited longest first.
  private static let spare = Mutex<[Block]>([])
  /// As much is kept as one operation on the largest pictures of Stable Diffusion's networks takes and leaves.
  private static let mostSpareBytes = 512 << 20
  private static let hugePage = 1 << 21
  /// Blocks begin at different places of their pages. Lines of several tensors that are worked on at the same time would
  /// otherwise all want the same few places of a cache, and a CPU takes a load for one of what was just stored where only the
  /// address within the page is the same: the sweep of an optimiser took a third longer.
  private static let stagger = 4096 + 256
  private static let widestStagger = 16 * stagger
  private static let staggers = Atomic<Int>(0)

  /// A block of at least so many bytes, aligned for vector instructions, with whatever stood there before.
  @unsafe static func take(byteCount: Int) -> UnsafeMutableRawPointer {
    guard isLarge(byteCount) else {
      return UnsafeMutableRawPointer.allocate(byteCount: max(64, byteCount), alignment: 64)
    }
    let wanted = rounded(byteCount)
    // The one that was given back last is the one most likely to be in the caches.
    let kept = spare.withLock { blocks in
      blocks.lastIndex { $0.byteCount == wanted }.map { blocks.remove(at: $0) }
    }
    if let kept { return unsafe kept.start }
    let page = UnsafeMutableRawPointer.allocate(byteCount: wanted + widestStagger, alignment: hugePage)
    // Large tensors are swept from end to end; fewer, larger pages then cost fewer look-ups. Only advice, so no check.
    unsafe madvise(page, wanted, MADV_HUGEPAGE)
    let number = staggers.wrappingAdd(1, ordering: .relaxed).oldValue
    return unsafe page + number * stagger % widestStagger
  }

  /// Takes back a block that was taken with the same number of bytes.
  @unsafe static func giveBack(_ start: UnsafeMutableRawPointer?, byteCount: Int) {
    guard let start = unsafe start else { return }
    guard isLarge(byteCount) else { return unsafe start.deallocate() }
    let surplus = spare.withLock { blocks in
      unsafe blocks.append(Block(start: start, byteCount: rounded(byteCount)))
      var (sum, first) = (0, blocks.count)
      while first > 0, sum + blocks[first - 1].byteCount <= mostSpareBytes {
        first -= 1
        sum += blocks[first].byteCount
      }
      defer { blocks.removeFirst(first) }
      return Array(blocks.prefix(first))
    }
    for block in surplus {
      let place = unsafe Int(bitPattern: block.start) % hugePage
      unsafe (block.start - place).deallocate()
    }
  }

  private static func isLarge(_ byteCount: Int) -> Bool { byteCount >= 2 * hugePage }

  private static func rounded(_ byteCount: Int) -> Int { (byteCount + hugePage - 1) / hugePage * hugePage }
}
