import Aesthetic
import ArgumentParser
import CLIPKit
import Diffusion
import Files
import Remote

/// A server that draws instead.
struct RemoteOptions: ParsableArguments {
  enum Backend: String, ExpressibleByArgument, CaseIterable {
    case a1111, comfyui
  }

  @Option(
    help: ArgumentHelp(
      "Have a running server draw: AUTOMATIC1111's web interface (a1111) or ComfyUI.",
      discussion: "It must have the profile's LoRA (aesgrad export NAME --as lora) under the profile's name.",
      valueName: "name"))
  var backend: Backend?

  @Option(help: ArgumentHelp("Where the server is, such as http://127.0.0.1:7860.", valueName: "address"))
  var url: String?

  @Option(
    help: ArgumentHelp(
      "The checkpoint's name there; otherwise the one that is loaded, or the only one.", valueName: "name"))
  var checkpoint: String?

  func validate() throws {
    if backend != nil, url == nil { throw ValidationError("--backend needs the server's address: --url") }
    if backend == nil, url != nil || checkpoint != nil {
      throw ValidationError("--url and --checkpoint are for servers: --backend says which kind it is")
    }
  }

  /// The server; nil if none is to draw.
  func server() throws(FileError) -> RemoteServer? {
    guard let backend, let url else { return nil }
    let client = HTTPClient(try ServerAddress(url)) { try Interruption.check() }
    return RemoteServer(backend: backend, client: client, checkpoint: checkpoint)
  }
}

/// A server that draws, and how it is asked.
struct RemoteServer {
  let backend: RemoteOptions.Backend
  let client: HTTPClient
  let checkpoint: String?

  /// The pictures of these settings, which have been checked, each with a seed one higher than the last.
  func pictures(_ settings: GenerationSettings, seed: UInt64, count: Int) throws -> [RemotePicture] {
    var request = RemoteRequest(prompt: settings.prompt, seed: Int(clamping: seed))
    request.negativePrompt = settings.negativePrompt
    request.steps = settings.picture.steps
    request.guidance = settings.scale
    request.sampler = settings.picture.sampler.title
    request.isKarras = settings.picture.spacing == .karras
    (request.width, request.height) = (settings.picture.width, settings.picture.height)
    request.count = count
    request.clipSkip = settings.clipSkip
    request.checkpoint = checkpoint
    if case .profiles(let uses) = settings.taste.source {
      let strength = uses[0].weight * settings.taste.strength
      // By its digits: 0.8 is to stay 0.8, not to become 0.800000011920929.
      request.lora = (uses[0].name.description, Double("\(strength)") ?? Double(strength))
    }
    switch backend {
    case .a1111: return try Automatic1111(client).pictures(request)
    case .comfyui: return try ComfyUI(client).pictures(request) { try Interruption.check() }
    }
  }

  /// Throws for what is asked of this program's own model and no server does.
  func check(_ settings: GenerationSettings) throws {
    func refuse(_ option: String, _ reason: String) throws {
      throw ValidationError("\(option) and --backend exclude each other: \(reason)")
    }
    switch settings.taste.source {
    case .none: break
    case .file: try refuse("--aesthetic", "the server knows the profile by its LoRA")
    case .profiles(let uses):
      if settings.taste.isPerPrompt { try refuse("--per-prompt", "the server knows the profile by its LoRA") }
      if uses.count > 1 { try refuse("several profiles", "`aesgrad profile blend` makes one of them") }
    }
    if settings.original != nil { try refuse("--init-image", "pictures are made from noise alone there") }
    if settings.isMixed { try refuse("--mix", "conditionings are mixed here only") }
    if settings.syntax != .automatic1111 { try refuse("--emphasis", "the server has its own") }
    if settings.files != AttachmentSettings() {
      try refuse("files of other programs", "the server finds its own by name in the prompt")
    }
  }
}
