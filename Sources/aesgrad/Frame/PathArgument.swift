import ArgumentParser
import Files
import SystemPackage

/// A path as it was typed, byte by byte.
///
/// The argument parser hands over Swift strings, in which bytes that are not UTF-8 have become U+FFFD; a file of such a
/// name could not be found. So where that has happened, the argument's own bytes are looked up again.
struct PathArgument: ExpressibleByArgument {
  let path: FilePath

  init?(argument: String) {
    guard !argument.isEmpty else { return nil }
    path = argument.contains("\u{FFFD}") ? Self.typed(argument) ?? FilePath(argument) : FilePath(argument)
  }

  static var defaultCompletionKind: CompletionKind { .file() }

  private static func typed(_ argument: String) -> FilePath? {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let pointer = unsafe CommandLine.unsafeArgv[index] else { continue }
      let path = unsafe FilePath(platformString: pointer)
      // An option's value may stand in one argument with it: `--per-image=NAME`.
      let whole = unsafe String(cString: pointer)
      if whole == argument { return path }
      if let sign = whole.firstIndex(of: "="), whole[whole.index(after: sign)...] == argument {
        let prefix = whole[...sign].utf8.count
        return unsafe FilePath(platformString: pointer + prefix)
      }
    }
    return nil
  }
}
