import Files

extension PickleMachine {
  // MARK: Bytes

  /// The little-endian number in the next `width` bytes.
  mutating func number(_ width: Int) throws(PickleError) -> UInt64 {
    guard let number = bytes.number(at: position, width: width) else { throw truncation() }
    position += width
    return number
  }

  mutating func text(_ length: UInt64) throws(PickleError) -> PickleValue {
    guard length <= Limit.text else { throw fault("a text of \(length) bytes") }
    guard length <= bytes.count - position else { throw truncation() }
    defer { position += Int(length) }
    return .text(start: Int32(position), count: Int32(length))
  }

  /// An integer of any number of bytes, two's complement; those beyond 64 bits are refused.
  mutating func longInteger() throws(PickleError) -> Int {
    let length = try number(1)
    guard length <= 8 else { throw fault("an integer of \(length) bytes") }
    let shift = 64 - 8 * length
    return Int(Int64(bitPattern: try number(Int(length)) << shift) >> Int64(shift))
  }

  mutating func global() throws(PickleError) -> PickleValue {
    let name = PickleGlobal(try line(), try line())
    if let number = globalNumbers[name] { return .global(number) }
    let number = Int32(globals.count)
    globals.append(name)
    globalNumbers[name] = number
    return .global(number)
  }

  private mutating func line() throws(PickleError) -> ByteString {
    let rest = bytes[position...].prefix(Limit.nameLength + 1)
    guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
      throw rest.count > Limit.nameLength ? fault("a name of more than \(Limit.nameLength) bytes") : truncation()
    }
    defer { position = end + 1 }
    return ByteString(bytes[position..<end])
  }

  // MARK: Stack and memo

  mutating func push(_ value: PickleValue) throws(PickleError) {
    guard stack.count < Limit.depth else { throw fault("more than \(Limit.depth) values on the stack") }
    stack.append(value)
  }

  /// What a mark protects is out of reach until the mark is gone.
  mutating func pop() throws(PickleError) -> PickleValue {
    guard stack.count > marks.last ?? 0, let value = stack.popLast() else { throw fault("a value is missing") }
    return value
  }

  mutating func pop(_ count: Int) throws(PickleError) -> [PickleValue] {
    guard stack.count - count >= marks.last ?? 0 else { throw fault("a value is missing") }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  mutating func popToMark() throws(PickleError) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw fault("a mark is missing") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  mutating func remember(_ number: UInt64) throws(PickleError) {
    guard stack.count > marks.last ?? 0 else { throw fault("a value is missing") }
    memo[number] = stack.last
    guard memo.count <= Limit.memo else { throw fault("more than \(Limit.memo) values in the memo") }
  }

  func recall(_ number: UInt64) throws(PickleError) -> PickleValue {
    guard let value = memo[number] else { throw fault("a value that was not put into the memo") }
    return value
  }

  // MARK: Nodes

  mutating func node(_ node: PickleNode) throws(PickleError) -> PickleValue {
    guard nodes.count < Limit.nodes else { throw fault("more than \(Limit.nodes) objects") }
    nodes.append(node)
    return .node(Int32(nodes.count - 1))
  }

  mutating func sharedEmptyTuple() throws(PickleError) -> PickleValue {
    if let emptyTuple { return emptyTuple }
    let value = try node(.tuple([]))
    emptyTuple = value
    return value
  }

  /// What a call or an instantiation would give. The one class that is known here is the dictionary that keeps order.
  mutating func object(_ callable: PickleValue, _ arguments: PickleValue) throws(PickleError) -> PickleValue {
    guard case .node(let number) = arguments, case .tuple(let elements) = nodes[Int(number)] else {
      throw fault("a call without a tuple of arguments")
    }
    if elements.isEmpty, case .global(let number) = callable, globals[Int(number)] == .orderedDictionary {
      return try node(.dictionary([]))
    }
    return try node(.object(PickleObject(callable: callable, arguments: arguments)))
  }

  /// Gives the object on top of the stack the state that it would have restored itself from.
  mutating func restore(_ state: PickleValue) throws(PickleError) {
    try change { node in
      switch node {
      case .dictionary: return true  // attributes beside the members: versions of modules, of no use here
      case .object(var object) where object.state == nil:
        object.state = state
        node = .object(object)
        return true
      default: return false
      }
    }
  }

  mutating func append(_ elements: [PickleValue]) throws(PickleError) {
    try change { node in
      switch node {
      case .list(var list):
        node = .set  // so that the list has one owner and is not copied
        list += elements
        node = .list(list)
      case .object(var object):
        node = .set
        object.items += elements
        node = .object(object)
      default: return false
      }
      return true
    }
  }

  mutating func set(_ members: [PickleValue]) throws(PickleError) {
    guard members.count % 2 == 0 else { throw fault("a key without a value") }
    try change { node in
      switch node {
      case .dictionary(var dictionary):
        node = .set
        dictionary += members
        node = .dictionary(dictionary)
      case .object(var object):
        node = .set
        object.items += members
        node = .object(object)
      default: return false
      }
      return true
    }
  }

  /// Changes the node on top of the stack; `body` says whether it could.
  private mutating func change(_ body: (inout PickleNode) -> Bool) throws(PickleError) {
    guard stack.count > marks.last ?? 0, case .node(let number) = stack.last, body(&nodes[Int(number)]) else {
      throw fault("something is added to a value that holds nothing")
    }
  }

  // MARK: Errors

  func fault(_ problem: String) -> PickleError { PickleError(problem: problem, offset: position) }

  private func truncation() -> PickleError {
    PickleError(problem: "it ends too early", offset: position, isTruncated: true)
  }
}
