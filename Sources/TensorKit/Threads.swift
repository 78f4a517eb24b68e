import CKernels
import COpenBLAS
import Dispatch
import Synchronization

/// How many threads the arithmetic may use.
///
/// There is one pool, and Dispatch's where that is at work already. oneDNN and OpenBLAS run on one thread each inside it:
/// their own pools would spin against ours and against each other.
public enum Threads {
  private static let chosen = Atomic<Int>(0)
  @TaskLocal private static var temporary: Int?
  @TaskLocal static var isInsideParallel = false

  /// The number of threads; at first the number of cores this process may run on.
  public static var count: Int {
    if let temporary { return temporary }
    let count = chosen.load(ordering: .relaxed)
    return count > 0 ? count : available
  }

  /// Sets the number of threads for the whole process; at least one.
  public static func use(_ count: Int) { chosen.store(max(1, count), ordering: .relaxed) }

  /// Calls `body` with so many threads, at least one, for itself alone. How sums are cut, and so their last bits, depends on
  /// the number; others at the same time keep theirs.
  package static func with<Result>(_ count: Int, _ body: () throws -> Result) rethrows -> Result {
    try $temporary.withValue(max(1, count), operation: body)
  }

  private static let available = max(1, Int(ag_available_cores()))

  /// Keeps OpenBLAS to the calling thread. Read before every call of it; the work is done once.
  static let openBLASIsSerial: Void = openblas_set_num_threads(1)
}

/// Calls `body` with ranges that together are `0..<count`, several at a time; returns when all are done.
///
/// Ranges hold at least `grain` indices. Inside another call the whole range comes at once, on the same thread. Two pieces
/// a thread even out cores of unequal speed without costing much.
package func parallel(
  _ count: Int, grain: Int = 1, piecesPerThread: Int = 2, _ body: @Sendable (Range<Int>) -> Void
) {
  let pieces = min(Threads.count == 1 ? 1 : Threads.count * piecesPerThread, count / max(1, grain))
  guard pieces > 1, !Threads.isInsideParallel else {
    if count > 0 { body(0..<count) }
    return
  }
  Threads.$isInsideParallel.withValue(true) {
    @Sendable func call(_ piece: Int) { body(count * piece / pieces..<count * (piece + 1) / pieces) }
    if WorkerPool.shared.run(pieces: pieces, threads: Threads.count, call) { return }
    DispatchQueue.concurrentPerform(iterations: pieces) { piece in
      Threads.$isInsideParallel.withValue(true) { call(piece) }
    }
  }
}

/// Memory that the pieces of a `parallel` call write to, each its own part of it.
///
/// The only way past the compiler's check that threads do not share memory; whoever makes one promises that no two pieces
/// touch the same element.
@unsafe package struct SharedElements: @unchecked Sendable {
  private let elements: UnsafeMutableBufferPointer<Float>

  /// The elements of `buffer`, which must outlive the parallel call.
  package init(_ buffer: UnsafeMutableBufferPointer<Float>) { unsafe elements = buffer }

  /// The `length` elements from `offset` on, checked to be there.
  package func part(_ offset: Int, _ length: Int) -> UnsafeMutableBufferPointer<Float> {
    unsafe UnsafeMutableBufferPointer(rebasing: elements[offset..<offset + length])
  }
}

extension Tensor {
  /// A tensor whose rows `fill` writes, several ranges of rows at a time. `shape` without its last axis counts the rows.
  @unsafe package init(
    shape: [Int], rowGrain: Int = 1, piecesPerThread: Int = 2,
    inParallel fill: @Sendable (_ rows: Range<Int>, _ output: UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    let width = shape.last ?? 1
    let rows = shape.dropLast().reduce(1, *)
    unsafe self.init(uninitialized: shape) { buffer in
      let shared = unsafe SharedElements(buffer)
      parallel(rows, grain: rowGrain, piecesPerThread: piecesPerThread) { range in
        unsafe fill(range, shared.part(range.lowerBound * width, range.count * width))
      }
    }
  }

  /// The length of the last axis.
  package var width: Int { shape.last ?? 1 }
  /// The number of rows, whatever the shape of the axes before the last.
  package var rows: Int { shape.dropLast().reduce(1, *) }
}
