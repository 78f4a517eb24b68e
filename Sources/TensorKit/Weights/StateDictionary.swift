import Files

/// The tensors in a pickle under flat names: the keys of nested dictionaries and the positions in lists, joined by dots.
///
/// Where the outermost dictionary has one called `state_dict`, as checkpoints have, the names begin inside of it. A
/// tensor that stands alone has the empty name.
struct StateDictionary: Sendable {
  private(set) var names: [ByteString] = []
  private(set) var tensors: [ByteString: TorchTensor] = [:]
  /// What Python object stands where a tensor could.
  private(set) var opaque: [ByteString: PickleGlobal] = [:]
  /// The plain values of the outermost dictionary, as text.
  private(set) var metadata: [ByteString: ByteString] = [:]

  private let pickle: Pickle
  /// How many more values may be looked at and bytes of names made. Values can be shared, so a small file can be a very
  /// large tree; in an honest one each value and each part of a name takes bytes of its own.
  private var budget: Int

  private static let deepest = 32
  private static let mostMetadata = 1000
  private static let mostNumbers = 64

  init(_ pickle: Pickle) throws(PickleError) {
    self.pickle = pickle
    budget = 1 << 20 + 8 * pickle.bytes.count
    var root = pickle.root
    if let members = pickle.dictionary(root) {
      for (key, value) in Self.pairs(members) where metadata.count < Self.mostMetadata {
        if let key = pickle.text(key), let plain = plainText(value) { metadata[key] = plain }
      }
      if let inner = pickle.member("state_dict", of: root), pickle.dictionary(inner) != nil { root = inner }
    }
    try collect(root, "", 0)
  }

  private mutating func spend(_ amount: Int) throws(PickleError) {
    budget -= amount
    guard budget >= 0 else {
      throw PickleError(problem: "values are nested or repeated without end", offset: pickle.end)
    }
  }

  private mutating func collect(_ value: PickleValue, _ name: ByteString, _ depth: Int) throws(PickleError) {
    try spend(depth > Self.deepest ? .max : 1 + name.bytes.count)
    if let tensor = try pickle.tensor(value) {
      guard tensors.updateValue(tensor, forKey: name) == nil else {
        throw PickleError(problem: "two tensors are called \"\(name)\"", offset: pickle.end)
      }
      return names.append(name)
    }
    switch pickle.node(value) {
    case .list(let elements), .tuple(let elements):
      try spend(elements.count)
      for (index, element) in elements.enumerated() {
        guard case .node = element else { continue }
        try collect(element, Self.join(name, "\(index)"), depth + 1)
      }
    case .dictionary(let members):
      try spend(members.count)
      for (key, value) in Self.pairs(members) {
        guard case .node = value, let part = try part(key) else { continue }
        try collect(value, Self.join(name, part), depth + 1)
      }
    case .object(let object): try collect(object, name, depth)
    case .set, .storage, nil: break
    }
  }

  private mutating func collect(_ object: PickleObject, _ name: ByteString, _ depth: Int) throws(PickleError) {
    let global = pickle.global(object.callable)
    if global == .parameterDictionary, let state = object.state {
      try spend(pickle.dictionary(state)?.count ?? 0)
      if let parameters = pickle.member("_parameters", of: state) { try collect(parameters, name, depth + 1) }
    } else if let global {
      opaque[name] = global
    }
  }

  /// What a key adds to a name; nil for keys that are neither texts nor whole numbers.
  private func part(_ key: PickleValue) throws(PickleError) -> ByteString? {
    if let number = pickle.integer(key) { return "\(number)" }
    guard case .text(_, let count) = key else { return nil }
    guard let text = pickle.text(key) else {
      throw PickleError(problem: "a name of \(count) bytes", offset: pickle.end)
    }
    return text
  }

  /// A plain value as text; a short list of numbers as in JSON.
  private func plainText(_ value: PickleValue) -> ByteString? {
    switch value {
    case .bool(let value): ByteString("\(value)")
    case .int(let value): ByteString("\(value)")
    case .double(let value): ByteString("\(value)")
    case .text: pickle.text(value)
    case .node: numbers(value).map { ByteString("[" + $0.joined(separator: ", ") + "]") }
    case .none, .global: nil
    }
  }

  private func numbers(_ value: PickleValue) -> [String]? {
    guard case .list(let elements) = pickle.node(value), (1...Self.mostNumbers).contains(elements.count) else {
      return nil
    }
    let texts = elements.compactMap { element -> String? in
      switch element {
      case .int(let value): "\(value)"
      case .double(let value): "\(value)"
      default: nil
      }
    }
    return texts.count == elements.count ? texts : nil
  }

  private static func pairs(_ members: [PickleValue]) -> [(PickleValue, PickleValue)] {
    stride(from: 0, to: members.count - 1, by: 2).map { (members[$0], members[$0 + 1]) }
  }

  private static func join(_ name: ByteString, _ part: ByteString) -> ByteString {
    name.bytes.isEmpty ? part : name + "." + part
  }
}
