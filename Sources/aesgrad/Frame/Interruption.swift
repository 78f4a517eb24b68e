import Glibc
import Synchronization

/// Thrown where the user, or the system, has asked the program to stop.
///
/// The first signal only sets a flag, which long work polls: so everything unfinished is cleaned up on the way out. The
/// second one ends the program at once.
struct Interruption: Error {
  let signal: Int32

  private static let received = Atomic<Int32>(0)

  /// Throws if a signal has arrived.
  static func check() throws(Interruption) {
    let signal = received.load(ordering: .relaxed)
    if signal != 0 { throw Interruption(signal: signal) }
  }

  /// Takes over the signals. Writing into a closed pipe or beyond a size limit becomes an error of the write instead.
  static func install() {
    _ = Glibc.signal(SIGPIPE, SIG_IGN)
    _ = Glibc.signal(SIGXFSZ, SIG_IGN)
    _ = received.load(ordering: .relaxed)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      let previous = Glibc.signal(number) { signal in
        let first = Interruption.received.exchange(signal, ordering: .relaxed) == 0
        if !first { _exit(128 + signal) }
      }
      // What `nohup`, or a shell for its background jobs, has switched off stays off.
      if unsafe unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
        _ = Glibc.signal(number, SIG_IGN)
      }
    }
  }
}
