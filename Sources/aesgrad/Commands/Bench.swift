import ArgumentParser
import CLIPKit
import Files
import Foundation
import SystemPackage
import TensorKit

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures this machine, and what aesgrad makes of it.",
    discussion: """
      Everything is measured in this one run, on random weights of the real sizes. With --peers, other programs do the \
      same work in turn: scripts in that folder, run by $AESGRAD_PYTHON (else python3).
      """)

  @Option(
    help: ArgumentHelp("Scripts of other programs to compare with; otherwise $AESGRAD_PEERS.", valueName: "folder"))
  var peers: PathArgument?

  @Option(help: ArgumentHelp("How many threads to use; otherwise as many as there are cores.", valueName: "count"))
  var threads: Int?

  @OptionGroup var output: OutputOptions

  private struct Report: Encodable {
    let threads: Int
    let machine: MachineLimits
    let images: Images
  }

  /// Seconds a picture, ViT-L/14, eight at a time.
  private struct Images: Encodable {
    let seconds: Double
    /// What the arithmetic alone takes at the speed of this machine's products.
    let limit: Double
    var peers: [String: Double] = [:]
  }

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads \(threads): at least 1 is needed") }
  }

  func run() throws {
    if let threads { Threads.use(threads) }
    let machine = try MachineLimits()
    let images = try images(machine)
    if output.json {
      return try Console.printJSON(Report(threads: Threads.count, machine: machine, images: images))
    }
    try Console.printLine(
      """
      \(Threads.count) threads
      products                 \(rounded(machine.productGFLOPS, 0)) GFLOP/s
      memory, reading          \(rounded(machine.readGBs, 1)) GB/s

      ViT-L/14, seconds a picture, 8 at a time
      aesgrad                  \(rounded(images.seconds, 3))
      the machine's limit      \(rounded(images.limit, 3))  (\(rounded(images.seconds / images.limit, 2)) times that)
      """)
    for (name, seconds) in images.peers.sorted(by: { $0.key < $1.key }) {
      let label = name + String(repeating: " ", count: max(1, 25 - name.count))
      try Console.printLine(
        "\(label)\(rounded(seconds, 3))  (aesgrad is \(rounded(seconds / images.seconds, 2)) times as fast)")
    }
  }

  private func images(_ machine: MachineLimits) throws -> Images {
    let folder = FilePath(FileManager.default.temporaryDirectory.path).appending("aesgrad-bench-\(UUID().uuidString)")
    // The folder is large, so an interruption waits until it is gone again.
    return try Interruption.whileWriting {
      try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: folder.string) }
      if !output.quiet {
        Console.note("making a model with random weights (1.2 GB in \(folder.removingLastComponent()))")
      }
      try RandomModel.write(to: folder)
      let model = try ImageFeatures(ModelLocation(folder))
      let pixels = RandomWeights.tensor([8, 3, RandomModel.side, RandomModel.side], seed: 7, scale: 2)
      var times = try Stopwatch.times { _ = model(pixels) }
      var peers: [String: Double] = [:]
      if let scripts = peersFolder {
        let python = ProcessInfo.processInfo.environment["AESGRAD_PYTHON"] ?? "python3"
        for peer in Peer.imageEncoders(model: folder, threads: Threads.count) {
          if !output.quiet { Console.note("measuring \(peer.name)") }
          peers[peer.name] = try peer.secondsPerImage(scripts: scripts, python: python)
          // In turn with the others, since a shared machine's speed drifts.
          times += try Stopwatch.times { _ = model(pixels) }
        }
      }
      return Images(
        seconds: Stopwatch.median(times) / 8, limit: RandomModel.operations / machine.productGFLOPS / 1e9, peers: peers)
    }
  }

  private var peersFolder: FilePath? {
    peers?.path ?? ProcessInfo.processInfo.environment["AESGRAD_PEERS"].flatMap { $0.isEmpty ? nil : FilePath($0) }
  }
}
