import ArgumentParser
import CLIPKit
import Files

struct Tokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the tokens that CLIP sees in a text.",
    discussion: "Example: aesgrad tokenize \"a castle, 4k\" --clip openai/clip-vit-large-patch14")

  @Argument(help: ArgumentHelp("The texts.", valueName: "text"))
  var texts: [String]

  @OptionGroup var models: ModelOptions
  @OptionGroup var output: OutputOptions

  /// The JSON of a text.
  private struct Entry: Encodable {
    let text: String
    let ids: [Int]
  }

  func run() throws {
    let tokenizer = try models.tokenizer()
    if output.json {
      try Console.printJSON(["tokens": texts.map { Entry(text: $0, ids: tokenizer.encode($0)) }])
    } else {
      for text in texts { try Console.printLine(Self.listing(text, tokenizer)) }
    }
  }

  /// The text, and its tokens with their ids below each other in columns.
  private static func listing(_ text: String, _ tokenizer: Tokenizer) -> String {
    let ids = tokenizer.ids(for: text)
    let places = Tokenizer.length - 2
    let lines = ids.enumerated().map { index, id in
      let number = String(id)
      let piece = tokenizer.piece(id).map { ByteString($0).description } ?? "?"
      return String(repeating: " ", count: max(0, 8 - number.count)) + number + "  " + piece
        + (tokenizer.endsWord(id) ? "" : "…") + (index < places ? "" : "  (cut off)")
    }
    let summary =
      "\(min(ids.count, places)) of \(places) tokens" + (ids.count > places ? ", \(ids.count - places) cut off" : "")
    return ([ByteString(text).description + ": " + summary] + lines).joined(separator: "\n")
  }
}

extension Tokenizer {
  /// The length of the sequences that CLIP's text encoder was trained with, start and end included.
  static var length: Int { 77 }
}

extension ModelOptions {
  /// The tokenizer of the CLIP model, or of the model where no CLIP is named.
  func tokenizer() throws(FileError) -> Tokenizer {
    for location in [try namedCLIP(), try usualModel()] {
      guard let location else { continue }
      if let tokenizer = try location.tokenizer() { return tokenizer }
      if clip != nil { throw Self.noTokenizer(location) }
    }
    let standard = try clipModel()
    guard let tokenizer = try standard.tokenizer() else { throw Self.noTokenizer(standard) }
    return tokenizer
  }

  private static func noTokenizer(_ location: ModelLocation) -> FileError {
    FileError(.missing, location.path, "has no tokenizer (tokenizer.json, or vocab.json and merges.txt)")
  }
}
