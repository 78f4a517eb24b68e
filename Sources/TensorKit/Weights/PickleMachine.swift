import Files

/// Reads a Python pickle and executes nothing.
///
/// It knows the instructions that torch's own restricted reader knows (protocol 2 and the few newer ones that torch
/// writes); any other ends it. Names of Python code stay names. Every count is limited, so that no file costs more than
/// its worth. The format: https://github.com/python/cpython/blob/3.11/Lib/pickletools.py
struct PickleMachine {
  enum Limit {
    static let instructions = 5_000_000
    static let nodes = 1_000_000
    static let memo = 1_000_000
    static let depth = 10_000
    static let text: UInt64 = 1 << 24
    static let nameLength = 1000
  }

  let bytes: [UInt8]
  var position: Int
  var stack: [PickleValue] = []
  var marks: [Int] = []
  var memo: [UInt64: PickleValue] = [:]
  var nodes: [PickleNode] = []
  var globals: [PickleGlobal] = []
  var globalNumbers: [PickleGlobal: Int32] = [:]
  /// The node of the empty tuple, of which there is only one.
  var emptyTuple: PickleValue?

  private init(_ bytes: [UInt8], from start: Int) {
    self.bytes = bytes
    position = start
  }

  /// Reads the pickle that begins at `start` of `bytes`.
  static func read(_ bytes: [UInt8], from start: Int = 0) throws(PickleError) -> Pickle {
    guard bytes.count <= Int32.max else { throw PickleError(problem: "too long", offset: 0) }
    var machine = PickleMachine(bytes, from: start)
    let root = try machine.run()
    return Pickle(bytes: bytes, globals: machine.globals, nodes: machine.nodes, root: root, end: machine.position)
  }

  private mutating func run() throws(PickleError) -> PickleValue {
    for _ in 0..<Limit.instructions {
      let instruction = UInt8(try number(1))
      if instruction == UInt8(ascii: ".") {
        guard marks.isEmpty, stack.count == 1 else { throw fault("the pickle ends with values left over") }
        return try pop()
      }
      if try !pushesPlainValue(instruction) {
        if try !collects(instruction) { try build(instruction) }
      }
    }
    throw fault("more than \(Limit.instructions) instructions")
  }

  // MARK: Instructions

  /// Executes instructions that push a value without parts; false for others.
  private mutating func pushesPlainValue(_ instruction: UInt8) throws(PickleError) -> Bool {
    switch instruction {
    case UInt8(ascii: "N"): try push(.none)
    case 0x88: try push(.bool(true))
    case 0x89: try push(.bool(false))
    case UInt8(ascii: "J"): try push(.int(Int(Int32(truncatingIfNeeded: try number(4)))))
    case UInt8(ascii: "K"): try push(.int(Int(try number(1))))
    case UInt8(ascii: "M"): try push(.int(Int(try number(2))))
    case 0x8A: try push(.int(try longInteger()))
    case UInt8(ascii: "G"): try push(.double(Double(bitPattern: try number(8).byteSwapped)))
    case UInt8(ascii: "X"): try push(try text(try number(4)))
    case UInt8(ascii: "U"): try push(try text(try number(1)))
    case UInt8(ascii: "c"): try push(try global())
    case UInt8(ascii: "h"): try push(try recall(try number(1)))
    case UInt8(ascii: "j"): try push(try recall(try number(4)))
    case UInt8(ascii: "]"): try push(try node(.list([])))
    case UInt8(ascii: "}"): try push(try node(.dictionary([])))
    case UInt8(ascii: ")"): try push(try sharedEmptyTuple())
    case 0x8F: try push(try node(.set))
    default: return false
    }
    return true
  }

  /// Executes instructions that put values together; false for others.
  private mutating func collects(_ instruction: UInt8) throws(PickleError) -> Bool {
    switch instruction {
    case UInt8(ascii: "("):
      guard marks.count < Limit.depth else { throw fault("more than \(Limit.depth) marks") }
      marks.append(stack.count)
    case UInt8(ascii: "t"): try push(try node(.tuple(try popToMark())))
    case 0x85: try push(try node(.tuple(try pop(1))))
    case 0x86: try push(try node(.tuple(try pop(2))))
    case 0x87: try push(try node(.tuple(try pop(3))))
    case UInt8(ascii: "a"): try append(try pop(1))
    case UInt8(ascii: "e"): try append(try popToMark())
    case UInt8(ascii: "s"): try set(try pop(2))
    case UInt8(ascii: "u"): try set(try popToMark())
    default: return false
    }
    return true
  }

  /// Executes the rest: the memo, storages, objects, the protocol.
  private mutating func build(_ instruction: UInt8) throws(PickleError) {
    switch instruction {
    case UInt8(ascii: "q"): try remember(try number(1))
    case UInt8(ascii: "r"): try remember(try number(4))
    case UInt8(ascii: "Q"): try push(try node(.storage(try pop())))
    case UInt8(ascii: "R"), 0x81:
      let arguments = try pop()
      try push(try object(try pop(), arguments))
    case UInt8(ascii: "b"): try restore(try pop())
    case 0x80:
      let version = try number(1)
      guard (2...3).contains(version) else {
        throw fault("pickle protocol \(version); torch writes protocol 2")
      }
    default:
      position -= 1
      throw fault("the pickle instruction 0x\(String(instruction, radix: 16)), which torch does not write")
    }
  }
}
