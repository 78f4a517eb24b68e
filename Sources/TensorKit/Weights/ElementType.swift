/// The kinds of numbers that weight files store, under the names that safetensors gives them.
public enum ElementType: String, CaseIterable, Hashable, Sendable {
  case bool = "BOOL"
  case float4 = "F4"
  case float6e2m3 = "F6_E2M3"
  case float6e3m2 = "F6_E3M2"
  case uint8 = "U8"
  case int8 = "I8"
  case float8e5m2 = "F8_E5M2"
  case float8e4m3 = "F8_E4M3"
  case float8e8m0 = "F8_E8M0"
  case float8e4m3fnuz = "F8_E4M3FNUZ"
  case float8e5m2fnuz = "F8_E5M2FNUZ"
  case int16 = "I16"
  case uint16 = "U16"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int32 = "I32"
  case uint32 = "U32"
  case float32 = "F32"
  case complex64 = "C64"
  case float64 = "F64"
  case int64 = "I64"
  case uint64 = "U64"

  /// The size of one number in bits.
  public var bitWidth: Int {
    switch self {
    case .float4: 4
    case .float6e2m3, .float6e3m2: 6
    case .bool, .uint8, .int8, .float8e5m2, .float8e4m3, .float8e8m0, .float8e4m3fnuz, .float8e5m2fnuz: 8
    case .int16, .uint16, .float16, .bfloat16: 16
    case .int32, .uint32, .float32: 32
    case .complex64, .float64, .int64, .uint64: 64
    }
  }

  /// Whether such numbers can be read as Float32. Files with others can be opened and listed.
  public var isReadable: Bool {
    switch self {
    case .float4, .float6e2m3, .float6e3m2, .float8e5m2, .float8e4m3, .float8e8m0, .float8e4m3fnuz, .float8e5m2fnuz,
      .complex64:
      false
    default: true
    }
  }

  /// The bytes that a tensor of `shape` takes; nil if they are not a whole number or beyond what an integer counts.
  func byteCount(of shape: [Int]) -> Int? {
    var bits = bitWidth
    var overflow: Bool
    // A length of 0 makes the product 0, but the others must still be countable: shapes are multiplied everywhere.
    for length in shape where length != 0 {
      (bits, overflow) = bits.multipliedReportingOverflow(by: length)
      guard !overflow, length > 0 else { return nil }
    }
    if shape.contains(0) { return 0 }
    return bits % 8 == 0 ? bits / 8 : nil
  }
}
