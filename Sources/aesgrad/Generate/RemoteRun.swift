import Aesthetic
import Files
import Raster
import Remote
import SystemPackage

/// One run of `generate` in which a server draws.
struct RemoteRun {
  let server: RemoteServer
  /// Where profiles are, and where what is made is kept; nil where there is none.
  let store: Store?
  let folder: PictureFolder
  let count: Int
  let output: OutputOptions

  /// Has the pictures of one prompt drawn, and writes them with the settings that the server says, and the taste.
  func callAsFunction(_ settings: GenerationSettings, seed: UInt64) throws -> [PictureRun.Made] {
    var profile: Profile?
    var facts: [GenerationText.Setting] = []
    if case .profiles(let uses) = settings.taste.source, let store {
      let found = try store.profile(uses[0].name)
      profile = found
      let version = try store.version(found, uses[0].version)
      facts = [
        .init(TasteSettings.Name.profile, "\(found.name):\(uses[0].weight * settings.taste.strength)"),
        .init(TasteSettings.Name.version, "\(version.version)"),
        .init(TasteSettings.Name.aestheticHash, version.aesthetic.hash),
      ]
    }
    var log = store.map { GenerationLog($0, of: profile) }
    if !output.quiet { Console.note("\(counted(count, "picture")) asked of \(server.client.address.path.printable)") }
    let pictures = try server.pictures(settings, seed: seed, count: count)
    return try pictures.enumerated().map { number, made in
      let seed = seed &+ UInt64(number)
      var text = made.settings.map { GenerationText($0) } ?? settings.text(seed: seed, model: [], more: [])
      text.settings += facts + [.init("Backend", server.backend.rawValue)]
      let (path, bytes) = try folder.write(made.picture, name: "\(seed)", text: text)
      try log?.add(bytes, at: path, text)
      if !output.json { try Console.printLine(path.printable) }
      return PictureRun.Made(picture: made.picture, path: path, seed: seed, text: text, score: nil)
    }
  }
}
