import ArgumentParser

struct Embed: ParsableCommand {
  @Argument var paths: [PathArgument]
  @OptionGroup var models: ModelOptions
  @OptionGroup var output: OutputOptions
  func run() throws {
    try Progress.over(20, "pictures", quiet: output.quiet) { progress in
      for _ in 0..<20 {
        try Interruption.check()
        var t = timespec(tv_sec: 0, tv_nsec: 200_000_000)
        _ = unsafe nanosleep(&t, nil)
        progress.advance()
      }
    }
    try Console.printJSON([0.1 as Float])
  }
}
import Glibc
