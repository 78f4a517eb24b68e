/// How the similarity to the aesthetic rose.
struct SimilarityReport: Encodable {
  /// Before the first and after every step.
  let similarity: [Float]
  /// What the steps took.
  let seconds: Double
  let mode: String

  func print(_ output: OutputOptions) throws {
    if output.json { return try Console.printJSON(self) }
    guard let first = similarity.first, let last = similarity.last else { return }
    let steps = similarity.count - 1
    func rounded(_ value: Float) -> Float { (value * 1e4).rounded() / 1e4 }
    try Console.printLine(
      "similarity \(rounded(first)) \(sparkline(similarity)) \(rounded(last)), \(steps) step\(steps == 1 ? "" : "s") in "
        + "\((seconds * 10).rounded() / 10) s")
  }
}
