import Glibc
import Synchronization

/// Thrown where the user, or the system, has asked the program to stop.
///
/// The first signal sets a flag, which long work polls, so that everything unfinished is cleaned up on the way out. Work
/// that does not come to a poll within a second is ended anyway, unless it is writing a file. A second signal ends the
/// program at once.
struct Interruption: Error {
  let signal: Int32

  private static let received = Atomic<Int32>(0)
  private static let writing = Atomic<Int>(0)
  private static let lineDrawn = Atomic<Bool>(false)
  private static let patience: UInt32 = 1

  /// Throws if a signal has arrived.
  static func check() throws(Interruption) {
    let signal = received.load(ordering: .relaxed)
    if signal != 0 { throw Interruption(signal: signal) }
  }

  /// Calls `body`, which writes files: it is given the time to finish or to clean up after itself.
  static func whileWriting<Result>(_ body: () throws -> Result) throws -> Result {
    writing.add(1, ordering: .relaxed)
    defer { writing.subtract(1, ordering: .relaxed) }
    try check()
    return try body()
  }

  /// Says whether there is an unfinished line on the terminal, to be erased before the program ends.
  static func noteLine(drawn: Bool) { lineDrawn.store(drawn, ordering: .relaxed) }

  /// Takes over the signals. Writing into a closed pipe or beyond a size limit becomes an error of the write instead.
  static func install() {
    _ = Glibc.signal(SIGPIPE, SIG_IGN)
    _ = Glibc.signal(SIGXFSZ, SIG_IGN)
    _ = Glibc.signal(SIGALRM) { _ in Interruption.runOutOfPatience() }
    var numbers = sigset_t()
    unsafe sigemptyset(&numbers)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGALRM] { unsafe sigaddset(&numbers, number) }
    // A parent's thread that blocks signals, as Dispatch's do, hands that down to its children.
    unsafe pthread_sigmask(SIG_UNBLOCK, &numbers, nil)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      let previous = Glibc.signal(number) { signal in Interruption.receive(signal) }
      // What `nohup`, or a shell for its background jobs, has switched off stays off.
      if unsafe unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
        _ = Glibc.signal(number, SIG_IGN)
      }
    }
  }

  // The rest runs inside signal handlers, so it does nothing but what is safe there: atomics, alarm, write, _exit.

  private static func receive(_ signal: Int32) {
    if received.exchange(signal, ordering: .relaxed) == 0 { alarm(patience) } else { end(signal) }
  }

  private static func runOutOfPatience() {
    if writing.load(ordering: .relaxed) > 0 { alarm(patience) } else { end(received.load(ordering: .relaxed)) }
  }

  private static func end(_ signal: Int32) -> Never {
    if lineDrawn.load(ordering: .relaxed) {
      let erase: StaticString = "\r\u{1B}[K"
      _ = unsafe write(STDERR_FILENO, erase.utf8Start, erase.utf8CodeUnitCount)
    }
    _exit(128 + signal)
  }
}
