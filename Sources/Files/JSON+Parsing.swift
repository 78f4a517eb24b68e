/// What is wrong with a JSON text, and where.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public let problem: String
  /// The offset of the byte where it was noticed.
  public let offset: Int
  /// The problem and its place.
  public var description: String { "\(problem) (byte \(offset))" }

  /// An error noticed at the byte `offset`.
  package init(problem: String, offset: Int) {
    self.problem = problem
    self.offset = offset
  }
}

extension JSON {
  /// Reads a JSON text (RFC 8259), strictly: UTF-8 without a byte-order mark, white space around the value allowed, and
  /// nothing else; no name twice in an object (two readers could disagree on which counts), no lone surrogates, nesting
  /// to 128 levels.
  public init(parsing bytes: [UInt8]) throws(JSONError) {
    var scanner = try JSONScanner(bytes)
    self = try scanner.value()
    try scanner.end()
  }
}

extension JSONScanner {
  fileprivate mutating func value() throws(JSONError) -> JSON {
    switch try kind() {
    case .null:
      try null()
      return .null
    case .bool: return .bool(try bool())
    case .number: return .number(try number())
    case .string: return .string(try string())
    case .array:
      var elements: [JSON] = []
      try array { scanner throws(JSONError) in elements.append(try scanner.value()) }
      return .array(elements)
    case .object:
      var object = JSONObject()
      try self.object { scanner, name throws(JSONError) in
        let start = scanner.position
        guard object.add(name, try scanner.value()) else {
          throw JSONError(problem: "the name \"\(name)\" stands twice", offset: start)
        }
      }
      return .object(object)
    }
  }
}
