import Files

extension InputFile {
  /// The SHA-256 of the file's bytes, in 64 hexadecimal digits.
  func sha256(quiet: Bool) throws -> String {
    let piece = 1 << 20
    var hash = SHA256()
    try Progress.over((count + piece - 1) / piece, "hashing, MB", quiet: quiet || count < 64 * piece) { progress in
      for offset in stride(from: 0, to: count, by: piece) {
        try Interruption.check()
        let bytes = try read(at: offset, count: min(piece, count - offset))
        hash.update(bytes.span)
        progress.advance()
      }
    }
    return hash.finish()
  }
}
