import Aesthetic
import Files
import Raster
import SystemPackage

/// What pictures say of the taste that they were to meet: the fields of the A1111 extension, and our own.
extension TasteSettings {
  enum Name {
    static let rate = "Aesthetic LR"
    static let weight = "Aesthetic weight"
    static let steps = "Aesthetic steps"
    static let embedding = "Aesthetic embedding"
    static let profile = "Profile"
    static let version = "Profile version"
    static let aestheticHash = "Aesthetic hash"
    static let deltaHash = "Delta hash"
  }

  /// The A1111 extension's fields, in its order.
  func extensionFields(weight: Double, embedding: String) -> [GenerationText.Setting] {
    [
      .init(Name.rate, "\(learningRate)"), .init(Name.weight, "\(weight)"), .init(Name.steps, "\(steps)"),
      .init(Name.embedding, embedding), .init("Aesthetic slerp", "False"), .init("Aesthetic text", ""),
      .init("Aesthetic text negative", "False"), .init("Aesthetic slerp angle", "0"),
    ]
  }

  /// The taste that the text of a picture at `path` names.
  init(_ text: GenerationText, of path: FilePath) throws(FileError) {
    func bad(_ name: String) -> FileError {
      FileError(.malformed, path, "says \"\(name): \(ByteString(text.value(name) ?? ""))\", which is not understood")
    }
    isPerPrompt = text.value(Name.embedding) != nil
    if let value = text.value(Name.steps) {
      guard let steps = Int(value), (0...10_000).contains(steps) else { throw bad(Name.steps) }
      self.steps = steps
    }
    if let value = text.value(Name.rate) {
      guard let rate = Double(value), rate.isFinite, rate > 0 else { throw bad(Name.rate) }
      learningRate = rate
    }
    func values(_ name: String, by separator: String = ", ") -> [String] {
      text.value(name).map { $0.split(separator: separator).map(String.init) } ?? []
    }
    let versions = values(Name.version).compactMap { Int($0) }
    var uses: [Use] = []
    for (place, part) in values(Name.profile, by: " / ").enumerated() {
      guard let weighted = WeightedProfile(argument: part) else { throw bad(Name.profile) }
      uses.append(
        Use(
          name: weighted.name, weight: weighted.weight,
          version: versions.indices.contains(place) ? versions[place] : nil))
    }
    if !uses.isEmpty {
      source = .profiles(uses)
    } else if let file = text.value(Name.embedding) {
      source = .file(FilePath(file))
    }
    hashes = values(Name.aestheticHash) + values(Name.deltaHash)
  }
}
