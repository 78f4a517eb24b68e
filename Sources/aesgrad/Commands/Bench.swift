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
    /// The most by which an element of the unit features strays from those of Float32 products alone.
    let imageDeviation: Float
    /// Twenty steps on a prompt of 14 tokens.
    let personalization: PersonalizationBench
    /// The same as a command.
    let command: WholeCommand
    /// Seconds for Stable Diffusion 1.5 at 512 × 512: a guided step, and decoding the latents.
    let drawing: DiffusionReport
  }

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads \(threads): at least 1 is needed") }
  }

  func run() throws {
    if let threads { Threads.use(threads) }
    let machine = try MachineLimits()
    let report = try withFolder("4 GB", write: RandomModel.write) { folder in
      // First, since the memory of the others counts as long as they have run before it.
      let command = try WholeCommand(folder)
      return try Report(
        threads: Threads.count, machine: machine, images: images(folder),
        imageDeviation: imageDeviation(folder),
        personalization: PersonalizationBench(folder, peers: peersFolder, quiet: output.quiet),
        command: command,
        drawing: withFolder("1.9 GB", write: RandomDiffusion.write) { folder in
          try DiffusionReport(folder, scripts: peersFolder, quiet: output.quiet)
        })
    }
    if output.json { return try Console.printJSON(report) }
    try Console.printLine(
      """
      \(Threads.count) threads
      products                 \(rounded(machine.productGFLOPS, 0)) GFLOP/s
      memory, reading          \(rounded(machine.readGBs, 1)) GB/s
      memory, changing         \(rounded(machine.sweepGBs, 1)) GB/s

      \(report.images.table("ViT-L/14, seconds a picture, 8 at a time"))
      strays by                \(report.imageDeviation) from exact unit features

      \(report.personalization.table)

      \(report.command.table)

      \(report.drawing.table)
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

  private func images(_ folder: FilePath) throws -> Comparison {
    let model = try ImageFeatures(ModelLocation(folder))
    let pixels = Self.pictures
    return try Comparison.inTurn(
      [({ RandomModel.operations / (try MachineLimits.products()) / 1e9 }, { _ = model(pixels) })],
      Peer.imageEncoders(model: folder, threads: Threads.count),
      scripts: peersFolder, quiet: output.quiet, count: 8)[0]
  }

  private static var pictures: Tensor {
    Tensor(randomWithSeed: 7, shape: [8, 3, RandomModel.side, RandomModel.side], scale: 2)
  }

  private func imageDeviation(_ folder: FilePath) throws -> Float {
    let features = try [true, false].map { exactly in
      try ImageFeatures(ModelLocation(folder), exactly: exactly)(Self.pictures).rowsNormalised()
    }
    return zip(features[0].elements, features[1].elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  private var peersFolder: FilePath? {
    peers?.path ?? ProcessInfo.processInfo.environment["AESGRAD_PEERS"].flatMap { $0.isEmpty ? nil : FilePath($0) }
  }
}
