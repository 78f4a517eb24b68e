import Files
import Foundation
import SystemPackage
import Testing

/// The committed files of these tests. Tools/reference makes them.
enum Fixture {
  /// A file or folder among the fixtures.
  static func path(_ name: String) throws -> FilePath {
    FilePath(try #require(Bundle.module.resourceURL).path).appending("Fixtures").appending(name)
  }

  /// The value of a JSON fixture.
  static func json(_ name: String) throws -> JSON { try JSON(parsing: bytes(name)) }

  /// The bytes of a fixture.
  static func bytes(_ name: String) throws -> [UInt8] { try InputFile(path(name)).readAll(limit: 1 << 24) }

  /// OpenAI's vocabulary, which is no part of the project: `AESGRAD_SHARED/clip-tokenizer`, or `shared` beside the package.
  static let openAIVocabulary: FilePath? = {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let shared =
      ProcessInfo.processInfo.environment["AESGRAD_SHARED"]
      ?? package.deletingLastPathComponent().appending(path: "shared").path
    let folder = FilePath(shared).appending("clip-tokenizer")
    return FileManager.default.fileExists(atPath: folder.appending("vocab.json").string) ? folder : nil
  }()
}

extension JSON {
  /// The whole numbers of a list, or nil.
  var integers: [Int]? {
    guard let array else { return nil }
    let integers = array.compactMap(\.integer)
    return integers.count == array.count ? integers : nil
  }

  /// The text of a string value, or nil.
  var text: String? { string?.string }
}
