import Files
import SystemPackage
import TensorKit
import TestSupport
import Testing

/// `embeddings/` in the folder that AESGRAD_SHARED names, else in one called `shared` beside the package.
private let publishedFolder: FilePath? = {
  let shared =
    environment("AESGRAD_SHARED").map { FilePath($0) }
    ?? FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    .removingLastComponent().appending("shared")
  let folder = shared.appending("embeddings")
  return (try? InputFile(folder.appending("fantasy.pt"))) == nil ? nil : folder
}()

private let publishedNames =
  (try? WeightsFixtures.description("published.json"))?.object?.members.compactMap(\.name.string) ?? []

/// The aesthetic embeddings published with the paper, for those who have them.
@Suite(.enabled("the folder of the published embeddings is not here") { publishedFolder != nil })
struct PublishedEmbeddings {
  @Test("a published embedding is read as torch reads it", arguments: publishedNames)
  func read(name: String) throws {
    let folder = try #require(publishedFolder)
    let expected = try #require(try WeightsFixtures.description("published.json")[ByteString(name)])
    let file = try WeightFile.open(folder.appending(name))
    #expect(file.names == [""])
    #expect(file.shape(of: "") == expected["shape"]?.array?.compactMap(\.integer))
    #expect(file.elementType(of: "")?.rawValue == expected["type"]?.string?.string)
    let elements = try file.tensor("").elements
    // Four digits, as the norms were recorded.
    let norm = elements.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(abs(norm - (expected["norm"]?.double ?? .nan)) <= 5e-5)
    let bytes = elements.flatMap { element in (0..<4).map { UInt8(truncatingIfNeeded: element.bitPattern >> (8 * $0)) }
    }
    var hash = SHA256()
    hash.update(bytes.span)
    #expect(hash.finish() == expected["sha256"]?.string?.string)
  }

  @Test("a published embedding written again has the same bytes", arguments: publishedNames)
  func write(name: String) throws {
    let path = try #require(publishedFolder).appending(name)
    let file = try WeightFile.open(path)
    let entry = WeightEntry("", try file.tensor(""), as: try #require(file.elementType(of: "")))
    try withTemporaryFolder { folder in
      let copy = folder.appending("copy.pt")
      try TorchWriter.write(tensor: entry, to: copy, replacing: false)
      var written = try InputFile(copy).readAll(limit: 1 << 16)
      var published = try InputFile(path).readAll(limit: 1 << 16)
      // Two were saved from a graphics card, which their pickle says; ours says "cpu". The rest must be equal.
      if ["laion_7plus.pt", "sac_8plus.pt"].contains(name) {
        (written, published) = try (payload(copy), payload(path))
      }
      #expect(written == published)
    }
  }

  private func payload(_ path: FilePath) throws -> [UInt8] {
    let bytes = try InputFile(path).readAll(limit: 1 << 16)
    return try #require(bytes.count > 320 + 3072 ? Array(bytes[320..<320 + 3072]) : nil)
  }
}
