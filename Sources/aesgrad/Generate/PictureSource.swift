import Aesthetic
import ArgumentParser
import CLIPKit
import Diffusion
import Files
import Raster
import SystemPackage
import TensorKit

/// What the model is made of besides its own files, and how much memory it may take.
struct DrawingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A VAE in place of the model's: a file or a folder.", valueName: "file"))
  var vae: PathArgument?

  @Flag(help: "Take less memory, and more time.")
  var lowMemory = false
}

/// A Stable Diffusion model on disk, and the order in which its parts are read: texts are encoded before the UNet, so
/// that both are never in memory.
struct PictureSource {
  let location: ModelLocation
  /// Where profiles are, and where what is made is kept; nil where there is none.
  var store: Store?
  /// The width and height, in pixels, of pictures as the model was trained on.
  let usualSide: Int
  /// What pictures call it that memory was short, which shows in large ones.
  static let lowMemory = "Low memory"
  private let models: ModelOptions
  private let tokenizer: Tokenizer
  private let files: ModelFiles
  private let options: DrawingOptions

  /// Finds the parts; nothing large is read yet.
  init(_ models: ModelOptions, _ options: DrawingOptions, in store: Store? = nil) throws {
    guard let location = try models.usualModel() else {
      throw ValidationError("No model is named: -m names one, or $AESGRAD_MODEL")
    }
    (self.location, self.store, self.models, self.options) = (location, store, models, options)
    files = try ModelFiles(location.path)
    tokenizer = try models.tokenizer()
    // What is no Stable Diffusion 1.x is to be refused before anything is read.
    let (unet, vae) = (try files.unet().configuration, try files.vae(replacement: options.vae?.path).configuration)
    let sides = SamplingOptions.sides
    usualSide = min(max(unet.side << (vae.levels.count - 1), sides.lowerBound), sides.upperBound) / 8 * 8
  }

  /// Settings for pictures of the usual size, and for steps at the model's usual rate.
  func settings(prompt: String = "") -> GenerationSettings {
    var settings = GenerationSettings()
    settings.prompt = prompt
    (settings.picture.width, settings.picture.height) = (usualSide, usualSide)
    settings.taste.learningRate = location.usualLearningRate
    return settings
  }

  /// What the prompts of each of `settings` say, step by step, and the taste that they meet; and what changes the model,
  /// which is the same for all of them.
  func guidances(
    _ settings: [GenerationSettings], quiet: Bool
  ) throws -> (each: [(guidance: Guidance, steering: Steering?)], attachments: Attachments) {
    guard let first = settings.first else { return ([], Attachments()) }
    let (texts, attachments) = try opened(settings)
    let encoder = try PromptEncoder(location, tokenizer, attachments, first)
    // Its fingerprint takes a while, and plain pictures need none.
    let stored = settings.contains { $0.taste.source != .none } ? encoder.storedModel : nil
    let each: [(guidance: Guidance, steering: Steering?)] = try zip(settings, texts).map { settings, texts in
      let steering = try Steering(
        settings.taste, in: store, model: location, fingerprint: stored?.fingerprint ?? "")
      var positive: (String) throws -> Tensor = encoder.conditioning
      if let steering {
        // What is kept is known by the prompt and the model, not by files that change both.
        let kept = attachments.isEmpty ? store.flatMap { store in stored.map { (store, $0) } } : nil
        let aim = steering.delta == nil ? try aim(for: steering.aesthetic) : nil
        positive =
          SteeredEncoder(
            encoder, steering, settings.taste, aim: aim, keepingIn: kept, quiet: quiet
          ).conditioning
      }
      let plan = PromptPlan(settings, prompt: texts.prompt, negativePrompt: texts.negativePrompt)
      return (
        try plan.guidance(
          scale: settings.scale, empty: encoder.conditioning(""), positive: positive, negative: encoder.conditioning),
        steering
      )
    }
    return (each, attachments)
  }

  /// Where steps on prompts lead with this aesthetic.
  private func aim(for aesthetic: Aesthetic) throws -> SteeredEncoder.Aim {
    let text = try TextSide(models)
    let width = text.projection.weight.shape[0]
    guard aesthetic.width == width else {
      throw FileError(
        .malformed, location.path,
        "is used with a CLIP model of \(width) features; the aesthetic has \(aesthetic.width)",
        hint: "--clip names the CLIP model that the aesthetic was made with")
    }
    return SteeredEncoder.Aim(projection: text.projection, target: try text.target(aesthetic))
  }

  /// Reads the UNet and the VAE, for such pictures and conditionings.
  func model(
    for picture: PictureSettings, _ guidance: Guidance, _ attachments: Attachments
  ) throws(FileError) -> PictureModel {
    let model = try PictureModel(
      files, vae: options.vae?.path, height: picture.height, memory: options.lowMemory ? .low : .normal,
      adapters: attachments.adapters.map { ($0.adapter, $0.image) }, hypernetworks: attachments.hypernetworks)
    try model.check(picture, guidance)
    return model
  }

  /// Opens the files of other programs that the settings and their prompts ask for: the same for all of them, since they
  /// change the model. The texts are the prompts without what asks for files.
  private func opened(
    _ settings: [GenerationSettings]
  ) throws -> (texts: [(prompt: String, negativePrompt: String)], attachments: Attachments) {
    let wanted = try settings.map { try AttachmentSettings.parse($0.prompt).references }
    if let other = wanted.firstIndex(where: { Set($0) != Set(wanted[0]) }) {
      throw ValidationError(
        "The prompts \"\(settings[0].prompt)\" and \"\(settings[other].prompt)\" ask for different LoRAs or hypernetworks; "
          + "pictures of one call share them")
    }
    let prompts = settings.flatMap { [$0.prompt, $0.negativePrompt] }
    let (texts, attachments) = try settings[0].files.open(prompts, withHypernetworks: true)
    return (settings.indices.map { (texts[2 * $0], texts[2 * $0 + 1]) }, attachments)
  }

  /// Makes one picture of each of `settings`, which have one size and one seed.
  func drawn(_ settings: [GenerationSettings], seed: UInt64, quiet: Bool) throws -> [Picture] {
    guard let first = settings.first else { return [] }
    let (guidances, attachments) = try guidances(settings, quiet: quiet)
    let model = try model(for: first.picture, guidances[0].guidance, attachments)
    return try zip(settings, guidances).enumerated().map { number, wanted in
      try model.drawn(
        wanted.0.picture, seed: seed, wanted.1.guidance, what: "picture \(number + 1) of \(settings.count), steps",
        quiet: quiet)
    }
  }

  /// What pictures say of the model they were made with: its hash is that of its file, or of its UNet's.
  func facts(quiet: Bool) throws -> [GenerationText.Setting] {
    func hash(_ path: FilePath) throws -> String { String(try InputFile(path).sha256(quiet: quiet).prefix(10)) }
    var facts = [
      GenerationText.Setting("Model hash", try hash(files.unetFile)),
      GenerationText.Setting("Model", location.name),
    ]
    if let vae = options.vae?.path {
      let file = vae.isFolder ? try ModelFiles.vaeFile(in: vae) : vae
      facts += [
        GenerationText.Setting("VAE hash", try hash(file)),
        GenerationText.Setting("VAE", vae.lastComponent?.string ?? vae.string),
      ]
    }
    if options.lowMemory { facts.append(GenerationText.Setting(Self.lowMemory, "True")) }
    return facts
  }
}
