import CKernels
import Dispatch
import Foundation
import Synchronization

/// Threads that stand ready for the pieces of one piece of work at a time.
///
/// A step of learning comes in some two hundred pieces of a few hundred microseconds, with short gaps. A thread that sleeps
/// in each gap takes some fifty microseconds to wake, more on a virtual machine; so a worker looks out for the next work for
/// a while before it sleeps. Nothing waits for a worker that has not begun: the caller takes its work back.
final class WorkerPool: Sendable {
  static let shared = WorkerPool()

  private let isTaken = Atomic<Bool>(false)
  private let nextPiece = Atomic<Int>(0)
  private let workers = Mutex<[Worker]>([])

  private init() {}

  /// Calls `body` with the numbers 0..<pieces, on so many threads, the calling one among them; returns when all calls are
  /// over. False, and nothing done, if the pool is at work already.
  func run(pieces: Int, threads: Int, _ body: @Sendable (Int) -> Void) -> Bool {
    guard isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else { return false }
    defer { isTaken.store(false, ordering: .releasing) }
    nextPiece.store(0, ordering: .relaxed)
    let helpers = helpers(min(threads, pieces) - 1)
    @Sendable func takePieces() {
      while true {
        let piece = nextPiece.wrappingAdd(1, ordering: .relaxed).oldValue
        guard piece < pieces else { return }
        body(piece)
      }
    }
    withoutActuallyEscaping(takePieces) { work in
      for helper in helpers { helper.begin(work) }
      work()
      for helper in helpers { helper.finish() }
    }
    return true
  }

  /// The first `count` workers, of whom more are hired as they are needed.
  private func helpers(_ count: Int) -> ArraySlice<Worker> {
    workers.withLock { workers in
      while workers.count < count { workers.append(Worker()) }
      return workers.prefix(count)
    }
  }
}

/// A thread that does one piece of work after the other, for one caller at a time.
private final class Worker: Sendable {
  /// Who may touch `work`: the caller while the worker is idle or asleep, the worker once it has taken what was offered.
  private enum State: UInt8, AtomicRepresentable {
    case idle, asleep, offered, taken
  }

  private let state = Atomic<State>(.idle)
  private let bell = DispatchSemaphore(value: 0)
  private nonisolated(unsafe) var work: (@Sendable () -> Void)?
  /// How often a worker looks before it sleeps, some 50 nanoseconds each: longer than the gaps within a step.
  private static let patience = 4000

  init() {
    let thread = Thread { [self] in
      Threads.$isInsideParallel.withValue(true) {
        while true { takeWork() }
      }
    }
    thread.name = "aesgrad worker"
    thread.start()
  }

  /// Offers work, and wakes the worker if it sleeps.
  func begin(_ work: @escaping @Sendable () -> Void) {
    unsafe self.work = work
    if state.exchange(.offered, ordering: .acquiringAndReleasing) == .asleep { bell.signal() }
  }

  /// Returns once the worker is done, or takes back what it has not begun.
  func finish() {
    if state.compareExchange(expected: .offered, desired: .idle, ordering: .acquiringAndReleasing).exchanged {
      unsafe work = nil
      return
    }
    var looks = 0
    while state.load(ordering: .acquiring) == .taken { pause(&looks) }
  }

  private func takeWork() {
    for _ in 0..<Self.patience {
      if state.compareExchange(expected: .offered, desired: .taken, ordering: .acquiringAndReleasing).exchanged {
        doWork()
        state.store(.idle, ordering: .releasing)
        return
      }
      ag_pause()
    }
    // An offer that comes in between changes the state, and is found at the next look.
    if state.compareExchange(expected: .idle, desired: .asleep, ordering: .acquiringAndReleasing).exchanged {
      bell.wait()
    }
  }

  /// A call of its own, so that nothing holds on to the work when the caller hears that it is done.
  @inline(never) private func doWork() {
    unsafe work?()
    unsafe work = nil
  }

  /// Leaves the core to others after a while: the worker may be waiting for it.
  private func pause(_ looks: inout Int) {
    looks += 1
    if looks % 1000 == 0 { sched_yield() } else { ag_pause() }
  }
}
