import Aesthetic
import ArgumentParser
import CLIPKit
import Diffusion
import Files
import Raster
import SystemPackage
import TensorKit

/// The names that AUTOMATIC1111 gives things in a picture's text, and names of our own for what it has not.
private enum Name {
  static let steps = "Steps"
  static let sampler = "Sampler"
  static let schedule = "Schedule type"
  static let scale = "CFG scale"
  static let seed = "Seed"
  static let size = "Size"
  static let clipSkip = "Clip skip"
  static let eta = "Eta"
  static let emphasis = "Prompt syntax"
  static let mix = "Mixed conditionings"
  static let numbers = "RNG"
  static let version = "Version"
}

extension GenerationSettings {
  typealias Setting = GenerationText.Setting

  /// The settings in AUTOMATIC1111's order; `model` says which model it was, `more` what else there is to say.
  func text(seed: UInt64, model: [Setting], more: [Setting]) -> GenerationText {
    var settings = [
      Setting(Name.steps, "\(picture.steps)"),
      Setting(Name.sampler, picture.sampler.title + (picture.spacing == .karras ? " Karras" : "")),
      Setting(Name.scale, "\(scale)"), Setting(Name.seed, "\(seed)"),
      Setting(Name.size, "\(picture.width)x\(picture.height)"),
    ]
    settings += model
    if clipSkip > 1 { settings.append(Setting(Name.clipSkip, "\(clipSkip)")) }
    if case .ddim(let eta) = picture.sampler, eta > 0 { settings.append(Setting(Name.eta, "\(eta)")) }
    if syntax == .novelAI { settings.append(Setting(Name.emphasis, "NovelAI")) }
    if isMixed { settings.append(Setting(Name.mix, "True")) }
    settings.append(Setting(Name.numbers, picture.randomNumbers == .cpu ? "CPU" : "NV"))
    settings += files.fields + more
    settings.append(Setting(Name.version, "aesgrad \(Aesgrad.configuration.version)"))
    return GenerationText(prompt: prompt, negativePrompt: negativePrompt, settings: settings)
  }

  /// The settings that a picture at `path` carries, by this program or by AUTOMATIC1111; what it does not say is usual.
  init(_ text: GenerationText, of path: FilePath, usual: GenerationSettings) throws(FileError) {
    self = usual
    (prompt, negativePrompt) = (text.prompt, text.negativePrompt)
    func bad(_ name: String, _ value: String, _ expected: String) -> FileError {
      FileError(.malformed, path, "says \"\(ByteString(name)): \(ByteString(value))\"; \(expected) was expected")
    }
    func number(_ name: String, _ range: ClosedRange<Int>) throws(FileError) -> Int? {
      guard let value = text.value(name) else { return nil }
      guard let number = Int(value), range.contains(number) else {
        throw bad(name, value, "a number from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
    func real(_ name: String, _ range: ClosedRange<Double>) throws(FileError) -> Double? {
      guard let value = text.value(name) else { return nil }
      guard let number = Double(value), range.contains(number) else {
        throw bad(name, value, "a number from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
    picture.steps = try number(Name.steps, 1...1000) ?? picture.steps
    scale = try real(Name.scale, 1...1e6) ?? scale
    seed = try number(Name.seed, 0...Int.max).map { UInt64($0) }
    clipSkip = try number(Name.clipSkip, 1...1000) ?? 1
    let eta = try real(Name.eta, 0...1) ?? 0
    if let value = text.value(Name.size) {
      let sides = value.split(separator: "x").compactMap { Int($0) }
      guard sides.count == 2, sides.allSatisfy({ SamplingOptions.sides.contains($0) && $0 % 8 == 0 }) else {
        throw bad(Name.size, value, "multiples of 8 from 64 to 8192, as 512x768,")
      }
      (picture.width, picture.height) = (sides[0], sides[1])
    }
    if let value = text.value(Name.sampler) {
      let suffix = " Karras"
      let isKarras = value.hasSuffix(suffix) || text.value(Name.schedule) == "Karras"
      let title = value.hasSuffix(suffix) ? String(value.dropLast(suffix.count)) : value
      guard let sampler = Sampler.names.compactMap({ Sampler(name: $0, eta: eta) }).first(where: { $0.title == title })
      else {
        throw bad(Name.sampler, value, "one of \(Sampler.names.joined(separator: ", "))")
      }
      picture.sampler = sampler
      picture.spacing = isKarras && sampler.spacings.contains(.karras) ? .karras : nil
    }
    // What A1111 does not name are CUDA's numbers.
    picture.randomNumbers = text.value(Name.numbers) == "CPU" ? .cpu : .cuda
    if text.value(Name.emphasis) == "NovelAI" { syntax = .novelAI }
    isMixed = text.value(Name.mix) == "True"
    taste = try TasteSettings(text, of: path)
    original = try OriginalSettings(text, of: path)
    files = AttachmentSettings(text)
  }
}

extension Sampler {
  /// AUTOMATIC1111's name.
  var title: String {
    switch self {
    case .ddim: "DDIM"
    case .plms: "PLMS"
    case .euler: "Euler"
    case .eulerAncestral: "Euler a"
    case .dpmPlusPlus2M: "DPM++ 2M"
    }
  }
}
