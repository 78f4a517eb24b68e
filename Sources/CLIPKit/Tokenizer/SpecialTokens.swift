import Files
import SystemPackage

/// Which tokens begin, end and fill sequences, and which are cut out of the text before it is split.
///
/// The files overlap and contradict each other; the precedence is that of transformers 5.23.
struct SpecialTokens {
  /// The token that begins a sequence.
  let start: AddedToken
  /// The token that ends it.
  let end: AddedToken
  /// The token for what the vocabulary lacks.
  let unknown: AddedToken
  /// The token that fills it up.
  let padding: AddedToken
  /// The tokens to look for in the text, with the ids that files claim for them, in the order they were added.
  let added: [(token: AddedToken, id: Int?)]

  /// Reads the files beside a vocabulary in `folder`; `added` are the tokens that tokenizer.json adds.
  init(folder: FilePath, added fromTokenizer: [(token: AddedToken, id: Int?)]) throws(FileError) {
    let configuration = try ConfigurationFile(ifPresent: folder.appending("tokenizer_config.json"))
    var roles = Roles()
    var added: [(token: AddedToken, id: Int?)] = []
    if let configuration { roles.read(configuration) }
    if let configuration, let list = configuration["added_tokens_decoder"]?.object {
      added = try Self.added(list, in: configuration)
    } else {
      if let map = try ConfigurationFile(ifPresent: folder.appending("special_tokens_map.json")) { roles.read(map) }
      if let file = try ConfigurationFile(ifPresent: folder.appending("added_tokens.json")) {
        added = try Self.added(file, roles: roles)
      }
      let replaced = Set(fromTokenizer.map(\.id))
      added = added.filter { !replaced.contains($0.id) } + fromTokenizer
    }
    added.sort { ($0.id ?? 0) < ($1.id ?? 0) }

    // What has a role is looked for in the text, too; of two spellings of one token the later counts.
    let known = Set(added.map(\.token.content))
    var places: [ByteString: Int] = [:]
    for token in roles.all where !known.contains(token.content) {
      if let place = places[token.content] {
        added[place].token = token
      } else {
        places[token.content] = added.count
        added.append((token, nil))
      }
    }
    start = roles.start
    end = roles.end
    unknown = roles.unknown
    padding = roles.padding
    self.added = added
  }

  /// The tokens of `added_tokens_decoder` in tokenizer_config.json, by their ids.
  private static func added(
    _ list: JSONObject, in file: ConfigurationFile
  ) throws(FileError) -> [(token: AddedToken, id: Int?)] {
    var added: [(token: AddedToken, id: Int?)] = []
    for member in list.members {
      guard let token = AddedToken(member.value, isSpecial: member.value["special"]?.bool ?? false),
        let id = member.name.string.flatMap({ Int($0) })
      else {
        throw file.error("an entry of \"added_tokens_decoder\" has no \"content\" or no id")
      }
      added.append((token, id))
    }
    return added
  }

  /// The ids of added_tokens.json, by their tokens; those without a role are looked for in the normalised text.
  private static func added(
    _ file: ConfigurationFile, roles: Roles
  ) throws(FileError) -> [(token: AddedToken, id: Int?)] {
    let special = Set(roles.all.map(\.content))
    var added: [(token: AddedToken, id: Int?)] = []
    for member in file.root.object?.members ?? [] {
      guard let id = member.value.integer else {
        throw file.error("\"\(member.name)\" has no whole number as its id")
      }
      added.append((AddedToken(content: member.name, isNormalized: !special.contains(member.name)), id))
    }
    return added
  }
}

/// The tokens with a role, first as CLIPTokenizer has them, then as files name them.
private struct Roles {
  var start = AddedToken(content: "<|startoftext|>")
  var end = AddedToken(content: "<|endoftext|>")
  var unknown = AddedToken(content: "<|endoftext|>")
  var padding = AddedToken(content: "<|endoftext|>")
  var others: [AddedToken] = []

  var all: [AddedToken] { [start, end, unknown, padding] + others }

  mutating func read(_ file: ConfigurationFile) {
    func token(_ name: ByteString) -> AddedToken? { file[name].flatMap { AddedToken($0, isSpecial: true) } }
    start = token("bos_token") ?? start
    end = token("eos_token") ?? end
    unknown = token("unk_token") ?? unknown
    padding = token("pad_token") ?? padding
    for name: ByteString in ["additional_special_tokens", "extra_special_tokens"] {
      others += (file[name]?.array ?? []).compactMap { AddedToken($0, isSpecial: true) }
    }
  }
}

extension AddedToken {
  /// The token of a JSON value: its text alone, or an object with `content` and flags. Nil if there is no text. Special
  /// tokens are looked for in the original text, others in the normalised one, unless the file says otherwise.
  init?(_ value: JSON, isSpecial: Bool) {
    guard let content = value.string ?? value["content"]?.string else { return nil }
    self.init(
      content: content,
      isNormalized: value["normalized"]?.bool ?? !isSpecial,
      stripsLeft: value["lstrip"]?.bool ?? false,
      stripsRight: value["rstrip"]?.bool ?? false,
      isSingleWord: value["single_word"]?.bool ?? false)
  }
}
