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
  private var visits = 0

  // Shared values can make a small file a very large tree; an honest file is near neither limit.
  private static let mostVisits = 100_000
  private static let deepest = 32

  init(_ pickle: Pickle) throws(PickleError) {
    self.pickle = pickle
    var root = pickle.root
    if let members = pickle.dictionary(root) {
      for (key, value) in Self.pairs(members) {
        if let key = pickle.text(key), let plain = plainText(value) { metadata[key] = plain }
      }
      if let inner = pickle.member("state_dict", of: root), pickle.dictionary(inner) != nil { root = inner }
    }
    try collect(root, "", 0)
  }

  private mutating func collect(_ value: PickleValue, _ name: ByteString, _ depth: Int) throws(PickleError) {
    guard case .node = value else { return }
    visits += 1
    guard visits <= Self.mostVisits, depth <= Self.deepest else {
      throw PickleError(problem: "values are nested or repeated without end", offset: pickle.end)
    }
    if let tensor = try pickle.tensor(value) {
      guard tensors.updateValue(tensor, forKey: name) == nil else {
        throw PickleError(problem: "two tensors are called \"\(name)\"", offset: pickle.end)
      }
      return names.append(name)
    }
    switch pickle.node(value) {
    case .list(let elements), .tuple(let elements):
      for (index, element) in elements.enumerated() {
        guard case .node = element else { continue }
        try collect(element, Self.join(name, "\(index)"), depth + 1)
      }
    case .dictionary(let members):
      for (key, value) in Self.pairs(members) {
        guard let part = pickle.text(key) ?? pickle.integer(key).map({ "\($0)" }) else { continue }
        try collect(value, Self.join(name, part), depth + 1)
      }
    case .object(let object): try collect(object, name, depth)
    case .set, .storage, nil: break
    }
  }

  private mutating func collect(_ object: PickleObject, _ name: ByteString, _ depth: Int) throws(PickleError) {
    let global = pickle.global(object.callable)
    if global == .parameterDictionary, let state = object.state,
      let parameters = pickle.member("_parameters", of: state)
    {
      try collect(parameters, name, depth + 1)
    } else if let global {
      opaque[name] = global
    }
  }

  private func plainText(_ value: PickleValue) -> ByteString? {
    switch value {
    case .bool(let value): ByteString("\(value)")
    case .int(let value): ByteString("\(value)")
    case .double(let value): ByteString("\(value)")
    case .text: pickle.text(value)
    case .none, .global, .node: nil
    }
  }

  private static func pairs(_ members: [PickleValue]) -> [(PickleValue, PickleValue)] {
    stride(from: 0, to: members.count - 1, by: 2).map { (members[$0], members[$0 + 1]) }
  }

  private static func join(_ name: ByteString, _ part: ByteString) -> ByteString {
    name.bytes.isEmpty ? part : name + "." + part
  }
}
