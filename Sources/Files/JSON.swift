/// A JSON value as it stands in a file.
///
/// Numbers keep their spelling, so that 2^64 and 1e400 are neither rounded nor trapped on; objects keep their order.
public enum JSON: Hashable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number in its own spelling.
  case number(JSONNumber)
  /// A string, its escapes resolved.
  case string(ByteString)
  /// Values in order.
  case array([JSON])
  /// Members by name.
  case object(JSONObject)

  /// The number as an integer, or nil.
  public var integer: Int? { if case .number(let number) = self { number.integer } else { nil } }
  /// The number, or nil.
  public var double: Double? { if case .number(let number) = self { number.double } else { nil } }
  /// The string, or nil.
  public var string: ByteString? { if case .string(let string) = self { string } else { nil } }
  /// The truth value, or nil.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// The elements, or nil.
  public var array: [JSON]? { if case .array(let array) = self { array } else { nil } }
  /// The members, or nil.
  public var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
  /// The member `name` of an object, or nil.
  public subscript(name: ByteString) -> JSON? { object?[name] }
}

/// A JSON number in its own spelling.
public struct JSONNumber: Hashable, Sendable {
  /// The characters in the file.
  public let spelling: String

  /// The value, if it is written as a plain integer that fits.
  public var integer: Int? { Int(spelling) }
  /// The nearest double; infinite where the spelling is beyond its range.
  public var double: Double { Double(spelling) ?? .nan }
}

/// The members of a JSON object, in the order of the file. No two have the same name.
public struct JSONObject: Hashable, Sendable {
  /// One named value.
  public struct Member: Hashable, Sendable {
    /// The name, escapes resolved.
    public let name: ByteString
    /// The value.
    public let value: JSON
  }

  /// Names and values in the order of the file.
  public private(set) var members: [Member] = []
  /// Positions by name, kept only for objects too long to look through.
  private var positions: [ByteString: Int] = [:]
  private static let longest = 8

  /// The value called `name`, or nil.
  public subscript(name: ByteString) -> JSON? {
    if members.count > Self.longest { return positions[name].map { members[$0].value } }
    return members.first { $0.name == name }?.value
  }

  /// Adds a member; false if there is one of that name already.
  mutating func add(_ name: ByteString, _ value: JSON) -> Bool {
    guard self[name] == nil else { return false }
    members.append(Member(name: name, value: value))
    if members.count == Self.longest + 1 {
      for (position, member) in members.enumerated() { positions[member.name] = position }
    } else if members.count > Self.longest {
      positions[name] = members.count - 1
    }
    return true
  }
}
