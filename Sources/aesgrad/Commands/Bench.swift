import Aesthetic
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

      Example: aesgrad bench --json
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
    /// Seconds a picture, ViT-L/14, eight at a time.
    let images: Comparison
    /// Seconds for twenty exact steps on a prompt of 14 tokens.
    let personalization: Comparison
    /// Seconds for Stable Diffusion 1.5 at 512 × 512: a guided step, and decoding the latents.
    let drawing: DiffusionReport
  }

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads \(threads): at least 1 is needed") }
  }

  func run() throws {
    if let threads { Threads.use(threads) }
    let machine = try MachineLimits()
    let (images, steps) = try withFolder("1.7 GB", write: RandomModel.write) { folder in
      (try self.images(folder, machine), try self.personalization(folder, machine))
    }
    let drawing = try withFolder("1.9 GB", write: RandomDiffusion.write) { folder in
      try DiffusionReport(folder, scripts: peersFolder, quiet: output.quiet)
    }
    if output.json {
      return try Console.printJSON(
        Report(threads: Threads.count, machine: machine, images: images, personalization: steps, drawing: drawing))
    }
    try Console.printLine(
      """
      \(Threads.count) threads
      products                 \(rounded(machine.productGFLOPS, 0)) GFLOP/s
      memory, reading          \(rounded(machine.readGBs, 1)) GB/s
      memory, changing         \(rounded(machine.sweepGBs, 1)) GB/s

      \(images.table("ViT-L/14, seconds a picture, 8 at a time"))

      \(steps.table("20 exact steps, prompt of 14 tokens, seconds"))

      \(drawing.table)
      """)
  }

  /// Lends `body` a folder with a model of random weights, which is gone afterwards.
  private func withFolder<Result>(
    _ size: String, write: (FilePath) throws -> Void, _ body: (FilePath) throws -> Result
  ) throws -> Result {
    let folder = FilePath(FileManager.default.temporaryDirectory.path).appending("aesgrad-bench-\(UUID().uuidString)")
    // The folder is large, so an interruption waits until it is gone again.
    return try Interruption.whileWriting {
      try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: folder.string) }
      if !output.quiet {
        Console.note("making a model with random weights (\(size) in \(folder.removingLastComponent()))")
      }
      try write(folder)
      return try body(folder)
    }
  }

  private func images(_ folder: FilePath, _ machine: MachineLimits) throws -> Comparison {
    let model = try ImageFeatures(ModelLocation(folder))
    let pixels = RandomWeights.tensor([8, 3, RandomModel.side, RandomModel.side], seed: 7, scale: 2)
    return try Comparison(
      Peer.imageEncoders(model: folder, threads: Threads.count), scripts: peersFolder, quiet: output.quiet, count: 8,
      limit: RandomModel.operations / machine.productGFLOPS / 1e9
    ) { _ = model(pixels) }
  }

  private func personalization(_ folder: FilePath, _ machine: MachineLimits) throws -> Comparison {
    let location = try ModelLocation(folder)
    var encoder = try TextEncoder(location)
    let target = RandomWeights.tensor([1, RandomModel.features], seed: 8, scale: 1).rowsNormalised()
    let personalizer = Personalizer(
      projection: try TextProjection(location), target: target.reshaped([RandomModel.features]))
    let last = RandomModel.vocabulary - 1
    let text = [last - 1] + (1...12).map { $0 * 3001 } + [last]
    // A step reads the weights forwards; on the way back it reads and writes them and Adam's two moments.
    let step = RandomModel.linearBytes * (1 / machine.readGBs + 6 / machine.sweepGBs) / 1e9
    return try Comparison(
      Peer.personalization(model: folder, threads: Threads.count), scripts: peersFolder, quiet: output.quiet,
      limit: Double(personalizer.steps) * step
    ) {
      // The weights of the last run are as good as the first: only time is measured.
      _ = try personalizer(&encoder, texts: [text]) { _ in try Interruption.check() }
    }
  }

  private var peersFolder: FilePath? {
    peers?.path ?? ProcessInfo.processInfo.environment["AESGRAD_PEERS"].flatMap { $0.isEmpty ? nil : FilePath($0) }
  }
}
