import Files

/// What is wrong with a pickle, and where.
struct PickleError: Error {
  let problem: String
  /// The offset of the byte where it was noticed.
  let offset: Int
  /// Whether the bytes came to an end within the pickle.
  var isTruncated = false
}

/// A value of a pickle. Those that hold others are numbers of nodes, so that a value used a thousand times is stored
/// once, and no depth of nesting makes anything recursive.
enum PickleValue: Hashable, Sendable {
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  /// The bytes of the pickle from `start` on.
  case text(start: Int32, count: Int32)
  /// The number of a name of Python code.
  case global(Int32)
  /// The number of a node.
  case node(Int32)
}

/// A value that holds others.
enum PickleNode: Sendable {
  case list([PickleValue])
  case tuple([PickleValue])
  /// Keys and values in turn, in the order in which they were set.
  case dictionary([PickleValue])
  case set
  /// What a persistent identifier stands for: the tuple that torch describes a storage with.
  case storage(PickleValue)
  indirect case object(PickleObject)
}

/// What a call of Python code would have made. Nothing is called: it is only kept what would have been called.
struct PickleObject: Sendable {
  let callable: PickleValue
  let arguments: PickleValue
  /// What the object would have been given to restore itself from.
  var state: PickleValue?
  /// Keys and values in turn, or elements, that would have been added.
  var items: [PickleValue] = []
}

/// What a pickle holds.
struct Pickle: Sendable {
  /// The bytes that text values point into.
  let bytes: [UInt8]
  /// The names of Python code, `module` and `name`, each once.
  let globals: [PickleGlobal]
  let nodes: [PickleNode]
  let root: PickleValue
  /// The offset behind the pickle.
  let end: Int

  /// The text of a text value; nil if it is longer than anything of use. One text can stand in many places, so copies of
  /// long ones would add up.
  func text(_ value: PickleValue) -> ByteString? {
    guard case .text(let start, let count) = value, count <= Self.longestText else { return nil }
    return ByteString(bytes[Int(start)..<Int(start) + Int(count)])
  }

  private static let longestText = 1000

  /// The integer of an integer value.
  func integer(_ value: PickleValue) -> Int? { if case .int(let value) = value { value } else { nil } }

  /// The name that a global value stands for.
  func global(_ value: PickleValue) -> PickleGlobal? {
    if case .global(let number) = value { globals[Int(number)] } else { nil }
  }

  /// The node that a value stands for.
  func node(_ value: PickleValue) -> PickleNode? {
    if case .node(let number) = value { nodes[Int(number)] } else { nil }
  }

  /// The elements of a tuple.
  func tuple(_ value: PickleValue) -> [PickleValue]? {
    if case .tuple(let elements) = node(value) { elements } else { nil }
  }

  /// Keys and values of a dictionary, in turn.
  func dictionary(_ value: PickleValue) -> [PickleValue]? {
    if case .dictionary(let members) = node(value) { members } else { nil }
  }

  /// The value of the text key `name` of a dictionary.
  func member(_ name: ByteString, of value: PickleValue) -> PickleValue? {
    guard let members = dictionary(value) else { return nil }
    return stride(from: 0, to: members.count, by: 2).first { text(members[$0]) == name }.map { members[$0 + 1] }
  }
}

/// The name of Python code that a pickle refers to.
struct PickleGlobal: Hashable, Sendable, CustomStringConvertible {
  let module: ByteString
  let name: ByteString

  init(_ module: ByteString, _ name: ByteString) {
    self.module = module
    self.name = name
  }

  /// `module.name`, escaped for people to read.
  var description: String { (module + "." + name).description }
}
