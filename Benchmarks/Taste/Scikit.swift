import Files
import Foundation
import SystemPackage
import TensorKit

/// scikit-learn's cross-validated logistic regression at the same answers and the same exam, by `scikit.py` beside this file.
struct Scikit {
  private struct Task: Encodable {
    let pictures: Int
    let width: Int
    let people: Int
    let ratings: Int
    let questions: Int
    let sizes: [Int]
  }

  private struct Result: Decodable {
    let accuracy: [String: Double]
  }

  /// Its mean accuracy after so many answers; nil where python or scikit-learn is not there.
  static func accuracy(_ sessions: Sessions, _ pool: Pool, sizes: [Int]) throws -> [Int: Double]? {
    let folder = FileManager.default.temporaryDirectory.appending(path: "aesgrad-taste-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let task = Task(
      pictures: pool.features.rows, width: pool.features.width, people: sessions.all.count,
      ratings: sessions.all.first?.answers.count ?? 0, questions: sessions.all.first?.exam.count ?? 0, sizes: sizes)
    try JSONEncoder().encode(task).write(to: folder.appending(path: "task.json"))
    try data(pool.features.elements.map(\.bitPattern)).write(to: folder.appending(path: "features.f32"))
    try data(numbers(sessions.all.flatMap(\.answers))).write(to: folder.appending(path: "answers.i32"))
    try data(numbers(sessions.all.flatMap(\.exam))).write(to: folder.appending(path: "exam.i32"))

    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    let python = ProcessInfo.processInfo.environment["AESGRAD_PYTHON"] ?? "python3"
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "scikit.py")
    process.arguments = [python, script.path, folder.path]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    let result = try JSONDecoder().decode(Result.self, from: Data(contentsOf: folder.appending(path: "result.json")))
    return Dictionary(uniqueKeysWithValues: result.accuracy.compactMap { size, value in Int(size).map { ($0, value) } })
  }

  private static func numbers(_ answers: [Answer]) -> [UInt32] {
    answers.flatMap { [UInt32($0.winner), UInt32($0.loser)] }
  }

  private static func data(_ numbers: [UInt32]) -> Data {
    Data(numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } })
  }
}
