import Aesthetic
import Files
import Raster
import SystemPackage

/// Keeps in the store what pictures were made, so that they are known when they are rated.
struct GenerationLog {
  private let store: Store
  private let profile: Profile?
  private var number: Int64?

  /// For pictures of one prompt that are to meet the taste of `profile`.
  init(_ store: Store, of profile: Profile?) { (self.store, self.profile) = (store, profile) }

  /// Adds the picture whose file at `path` has these bytes. Of its text, the first one's is kept.
  mutating func add(_ bytes: [UInt8], at path: FilePath, _ text: GenerationText) throws {
    let picture: PictureRecord
    do throws(PictureError) {
      picture = try PictureRecord(decoding: bytes, hash: PictureRecord.hash(of: bytes), path: path)
    } catch { throw error.about(path) }
    var settings = Dictionary(text.settings.map { ($0.name, $0.value) }) { first, _ in first }
    settings["Negative prompt"] = text.negativePrompt.isEmpty ? nil : text.negativePrompt
    let number = try number ?? store.add(GenerationRecord(prompt: text.prompt, settings: settings), of: profile)
    self.number = number
    try store.add(picture, toGeneration: number)
  }
}
