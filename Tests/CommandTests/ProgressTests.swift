import Foundation
import Glibc
import Testing

@Suite("Progress")
struct ProgressTests {
  @Test("On a terminal there is a line that comes to 100% and is gone at the end")
  func terminal() throws {
    let (outcome, screen) = try onTerminal([])
    #expect(outcome.code == 0)
    #expect(outcome.output.hasPrefix("5 pictures"))
    #expect(screen.hasPrefix("\r\u{1B}[Kpictures:   0%|"))
    #expect(screen.contains("100%|"))
    #expect(screen.contains("| 5/5 [00:0"))
    #expect(screen.hasSuffix("/s]\r\u{1B}[K"))
  }

  @Test("No line where it is not wanted, or the terminal cannot do it", arguments: [["-q"], ["TERM=dumb"]])
  func silent(wish: [String]) throws {
    let (outcome, screen) = try onTerminal(wish)
    #expect(outcome.code == 0)
    #expect(screen == "")
  }

  /// Embeds the gallery with standard error on a terminal; gives what was shown there. Wishes with a `=` go to the
  /// environment, others to the arguments.
  private func onTerminal(_ wishes: [String]) throws -> (Program.Outcome, String) {
    // What posix_openpt, unlockpt (TIOCSPTLCK) and ptsname (TIOCGPTN) do, which Swift does not see.
    let terminal = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var (locked, number): (Int32, Int32) = (0, 0)
    let unlocked = unsafe ioctl(terminal, 0x4004_5431, &locked)
    let named = unsafe ioctl(terminal, 0x8004_5430, &number)
    #expect(terminal >= 0 && unlocked == 0 && named == 0)
    let path = "/dev/pts/\(number)"
    let screen = try #require(FileHandle(forUpdatingAtPath: path))
    var size = winsize(ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
    _ = unsafe ioctl(terminal, UInt(TIOCSWINSZ), &size)
    let variables = wishes.filter { $0.contains("=") }.map { $0.split(separator: "=").map(String.init) }
    let environment = Dictionary(uniqueKeysWithValues: [("TERM", "xterm")]).merging(
      variables.map { ($0[0], $0[1]) }
    ) { $1 }
    let outcome = try withModelFolder { model, _ in
      try Program.run(
        ["embed", fixture("gallery"), "--clip", model] + wishes.filter { !$0.contains("=") }, environment: environment,
        prepare: { $0.standardError = screen })
    }
    // Now nobody has the terminal open any more, so reading it ends.
    try screen.close()
    var shown: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe read(terminal, &buffer, buffer.count)
      if count <= 0 { break }
      shown += buffer.prefix(count)
    }
    close(terminal)
    return (outcome, String(decoding: shown, as: UTF8.self))
  }
}
