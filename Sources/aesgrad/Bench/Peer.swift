import Foundation
import SystemPackage
import TensorKit

/// Another program that does the same work, started as a script that prints one line of JSON with its time.
struct Peer {
  let name: String
  private let script: String
  private let arguments: [String]
  /// What the JSON calls the time.
  private let field: String
  /// How many pieces of work the time is for.
  private let count: Int

  /// The programs that encode pictures.
  static func imageEncoders(model: FilePath, threads: Int) -> [Peer] {
    [
      Peer(
        name: "transformers (PyTorch)", script: "clip_images.py",
        arguments: [model.string, "--batch", "8", "--threads", "\(threads)"], field: "seconds_per_image", count: 1),
      Peer(
        name: "OpenVINO", script: "openvino_models.py", arguments: ["image", model.string, "--threads", "\(threads)"],
        field: "seconds", count: 8),
    ]
  }

  /// Twenty steps of aesthetic gradients, as published and as fast as PyTorch can be made to do them.
  static func personalization(model: FilePath, threads: Int) -> [Peer] {
    [("as published (PyTorch)", "published"), ("best of PyTorch", "best")].map { name, variant in
      Peer(
        name: name, script: "aesthetic_gradients.py",
        arguments: [model.string, "--variant", variant, "--tokens", "14", "--steps", "20", "--threads", "\(threads)"],
        field: "seconds", count: 1)
    }
  }

  /// The programs that run Stable Diffusion's networks; `work` is `unet` or `vae`.
  static func diffusion(_ work: String, model: FilePath, threads: Int) -> [Peer] {
    [
      Peer(
        name: "diffusers (PyTorch)", script: "stable_diffusion.py",
        arguments: [model.string, "--threads", "\(threads)"],
        field: work == "unet" ? "unet_step_seconds" : "vae_decode_seconds", count: 1),
      Peer(
        name: "OpenVINO", script: "openvino_models.py", arguments: [work, model.string, "--threads", "\(threads)"],
        field: "seconds", count: 1),
    ]
  }

  /// The time in seconds; nil where the script or a package it needs is not there.
  func seconds(scripts: FilePath, python: String) throws -> Double? {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [python, scripts.appending(script).string] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try Interruption.check()
    guard process.terminationStatus == 0, let line = output.split(separator: UInt8(ascii: "\n")).last,
      let json = try? JSONSerialization.jsonObject(with: line) as? [String: Any], let seconds = json[field] as? Double
    else { return nil }
    return seconds / Double(count)
  }
}
