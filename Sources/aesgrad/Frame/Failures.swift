import Files

/// What failed of many inputs. Each is named at once, and what the command's exit code says is decided at the end.
struct Failures {
  private let what: String
  private var first: FileError?
  private(set) var count = 0

  /// Failures of `what`, in the plural.
  init(_ what: String) { self.what = what }

  /// Adds a failure and says it: through `progress`, if its line is on the screen.
  mutating func add(_ error: FileError, _ progress: Progress? = nil) {
    if first == nil { first = error }
    count += 1
    let lines = Failure.lines(error.description, hint: error.hint)
    if let progress { progress.note(lines) } else { lines.forEach(Console.note) }
  }

  /// Throws if anything failed: as partly done where something of `total` did not, else as the first failure did.
  func check(total: Int) throws {
    guard let first else { return }
    if count < total { throw PartlyDone(failed: count, total: total, what: what) }
    throw AllFailed(code: Failure(first).code)
  }
}

/// Some inputs failed, each of which was named when it did; the rest is done.
struct PartlyDone: Error {
  let failed: Int
  let total: Int
  let what: String
}

/// All inputs failed, each of which was named when it did.
struct AllFailed: Error {
  let code: Int32
}
