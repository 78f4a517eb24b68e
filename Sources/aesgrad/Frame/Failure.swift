import ArgumentParser
import Files
import Glibc

/// How a command ends that could not do what it was asked: the lines a person reads, and the exit code a script reads.
struct Failure {
  /// The codes of `sysexits.h`, as far as we use them, and one of our own.
  enum Code {
    static let partlyDone: Int32 = 3
    static let usage: Int32 = 64
    static let badData: Int32 = 65
    static let noInput: Int32 = 66
    static let internalError: Int32 = 70
    static let cannotCreate: Int32 = 73
    static let readWrite: Int32 = 74
    static let tryAgain: Int32 = 75
  }

  let lines: [String]
  let code: Int32

  init(_ error: any Error) {
    switch error {
    case let error as FileError: self.init(error)
    case let error as AllFailed: self.init(lines: [], code: error.code)
    case is Console.Closed: self.init(lines: [], code: 0)
    case let error as Interruption: self.init(lines: [], code: 128 + error.signal)
    case let error as PartlyDone:
      self.init(lines: ["error: \(error.failed) of \(error.total) \(error.what) failed"], code: Code.partlyDone)
    default: self.init(parsing: error)
    }
  }

  init(_ error: FileError) {
    lines = Failure.lines(error.description, hint: error.hint)
    code =
      switch error.kind {
      case .missing: Code.noInput
      case .malformed: Code.badData
      case .cannotCreate: Code.cannotCreate
      case .readWrite: Code.readWrite
      case .busy: Code.tryAgain
      }
  }

  /// What the argument parser throws: help, which is no failure, and wrong usage; or an error nobody has thought of.
  private init(parsing error: any Error) {
    let message = Aesgrad.message(for: error)
    switch Aesgrad.exitCode(for: error) {
    case .success:
      do {
        try Console.printLine(message)
        self.init(lines: [], code: 0)
      } catch {
        self.init(error)
      }
    case .validationFailure:
      self.init(lines: Failure.lines(message, hint: Failure.helpCommand(error)), code: Code.usage)
    default:
      self.init(lines: Failure.lines(message, hint: nil), code: Code.internalError)
    }
  }

  private init(lines: [String], code: Int32) {
    self.lines = lines
    self.code = code
  }

  func exit() -> Never {
    for line in lines { Console.note(line) }
    Glibc.exit(code)
  }

  /// One line that says what is wrong, and an indented one that says the way out.
  static func lines(_ problem: String, hint: String?) -> [String] {
    let line = "error: " + problem.split(whereSeparator: \.isNewline).joined(separator: " ")
    return [line] + (hint.map { ["  hint: " + $0] } ?? [])
  }

  /// The parser knows which subcommand was meant, but tells it only in the last line of its long message.
  private static func helpCommand(_ error: any Error) -> String? {
    let parts = Aesgrad.fullMessage(for: error).split(separator: "\n").last?.split(separator: "'") ?? []
    return parts.count > 1 ? "\(parts[1]) explains the usage" : nil
  }
}
