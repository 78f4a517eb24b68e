import Files
import Foundation
import Glibc
import SystemPackage
import TensorKit

/// `aesgrad personalize` from the shell to a written conditioning, with a checkpoint of Stable Diffusion 1.5's size.
struct WholeCommand: Encodable {
  /// From its start to its end.
  let seconds: Double
  /// The steps alone, as it says itself.
  let steps: Double
  /// The most memory it held, in 10⁶ bytes.
  let peakMB: Double

  /// Runs the program on models in `folder`, where it writes a checkpoint and what else it needs. No other program may have
  /// been run and waited for before: the system tells only the largest memory of all.
  init(_ folder: FilePath) throws {
    let (checkpoint, aesthetic) = (folder.appending("checkpoint.safetensors"), folder.appending("a.safetensors"))
    try RandomModel.writeCheckpoint(to: checkpoint)
    try RandomModel.writeTokenizer(to: folder)
    try SafetensorsWriter.write(
      [WeightEntry("mean", Tensor(randomWithSeed: 9, shape: [RandomModel.features], scale: 1))], to: aesthetic,
      replacing: false)
    var runs: [(seconds: Double, steps: Double)] = []
    for _ in 0..<3 {
      let process = Process()
      process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      process.arguments = [
        "personalize", "-p", RandomModel.prompt, "--aesthetic", aesthetic.string, "-m", checkpoint.string, "--clip",
        folder.string, "--threads", "\(Threads.count)", "-o", folder.appending("c.safetensors").string, "--json",
        "--force", "-q",
      ]
      let pipe = Pipe()
      process.standardOutput = pipe
      let clock = ContinuousClock()
      let start = clock.now
      try process.run()
      let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      let seconds = (clock.now - start).seconds
      try Interruption.check()
      guard process.terminationStatus == 0, let report = try? JSONDecoder().decode(Steps.self, from: output) else {
        throw FileError(.malformed, checkpoint, "could not be personalised by the program itself")
      }
      runs.append((seconds, report.seconds))
    }
    (seconds, steps) = runs.sorted { $0.seconds < $1.seconds }[1]
    var usage = rusage()
    _ = unsafe getrusage(RUSAGE_CHILDREN.rawValue, &usage)
    peakMB = Double(usage.ru_maxrss) * 1024 / 1e6
  }

  private struct Steps: Decodable { let seconds: Double }

  /// For people to read.
  var table: String {
    """
    the whole command, exact, fp16 checkpoint of 2.1 GB
    seconds                  \(rounded(seconds, 2))  (\(rounded(steps, 2)) of them for the steps)
    peak memory              \(rounded(peakMB, 0)) MB
    """
  }
}
