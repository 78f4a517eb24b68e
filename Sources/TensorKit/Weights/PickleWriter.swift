import Files

/// Writes the pickles that torch writes for tensors, byte for byte.
struct PickleWriter {
  private(set) var bytes: [UInt8] = [0x80, 2]
  /// Numbers of values that are written once and then recalled.
  private var memo: [ByteString: Int] = [:]
  private var remembered = 0

  /// A tensor whose elements fill the storage called `key`.
  mutating func tensor(_ shape: [Int], _ type: ElementType, key: String) {
    global("torch._utils", "_rebuild_tensor_v2")
    put("(")  // arguments: the storage, the place of the first element, shape, strides, a flag and hooks
    put("(")
    text("storage", recalled: true)
    global("torch", type == .float16 ? "HalfStorage" : type == .int64 ? "LongStorage" : "FloatStorage")
    text(ByteString(key))
    text("cpu", recalled: true)
    integer(shape.reduce(1, *))
    put("t")
    remember()
    put("Q")
    integer(0)
    tuple(shape)
    tuple(Self.strides(shape))
    bytes.append(0x89)
    global("collections", "OrderedDict")
    put(")R")
    remember()
    put("t")
    remember()
    put("R")
    remember()
  }

  /// A dictionary whose members `body` writes, `count` of them: a text and a value each.
  mutating func dictionary(_ count: Int, member: (inout PickleWriter, Int) -> Void) {
    put("}")
    remember()
    // Python sets members a thousand at a time, and one that is left over without a mark.
    for start in stride(from: 0, to: count, by: 1000) {
      let group = start..<min(count, start + 1000)
      if group.count > 1 { put("(") }
      for index in group { member(&self, index) }
      put(group.count > 1 ? "u" : "s")
    }
  }

  /// A text; one that is `recalled` is written in full only the first time.
  mutating func text(_ text: ByteString, recalled: Bool = false) {
    if recalled, recall(text) { return }
    put("X")
    bytes += UInt32(text.bytes.count).littleEndianBytes + text.bytes
    if recalled { memo[text] = remembered }
    remember()
  }

  /// The end of the pickle.
  mutating func stop() { put(".") }

  private mutating func global(_ module: ByteString, _ name: ByteString) {
    let line = "c" + module + "\n" + name + "\n"
    if recall(line) { return }
    bytes += line.bytes
    memo[line] = remembered
    remember()
  }

  private mutating func tuple(_ integers: [Int]) {
    if integers.isEmpty { return put(")") }
    if integers.count > 3 { put("(") }
    for value in integers { integer(value) }
    bytes.append(integers.count > 3 ? UInt8(ascii: "t") : 0x84 + UInt8(integers.count))
    remember()
  }

  private mutating func integer(_ value: Int) {
    switch value {
    case 0...0xFF: bytes += [UInt8(ascii: "K"), UInt8(value)]
    case 0...0xFFFF: bytes += [UInt8(ascii: "M")] + UInt16(value).littleEndianBytes
    case 0...Int(Int32.max): bytes += [UInt8(ascii: "J")] + Int32(value).littleEndianBytes
    default:
      // As many bytes as leave room for the sign.
      let length = (64 - value.leadingZeroBitCount) / 8 + 1
      bytes += [0x8A, UInt8(length)] + value.littleEndianBytes.prefix(length)
    }
  }

  private mutating func remember() {
    bytes +=
      remembered < 256
      ? [UInt8(ascii: "q"), UInt8(remembered)] : [UInt8(ascii: "r")] + UInt32(remembered).littleEndianBytes
    remembered += 1
  }

  private mutating func recall(_ value: ByteString) -> Bool {
    guard let number = memo[value] else { return false }
    bytes += number < 256 ? [UInt8(ascii: "h"), UInt8(number)] : [UInt8(ascii: "j")] + UInt32(number).littleEndianBytes
    return true
  }

  private mutating func put(_ instructions: StaticString) { bytes += instructions.description.utf8 }

  private static func strides(_ shape: [Int]) -> [Int] {
    var strides: [Int] = []
    var stride = 1
    for length in shape.reversed() {
      strides.append(stride)
      stride *= max(1, length)
    }
    return strides.reversed()
  }
}
