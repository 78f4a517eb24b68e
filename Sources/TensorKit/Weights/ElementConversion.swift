import CKernels
import Files
import Glibc
import Synchronization

extension InputFile {
  /// A tensor whose elements of `type` stand row by row from `offset` on, converted to Float32.
  ///
  /// The file must have been found long enough for it. Beyond the tensor itself this takes no more memory than a chunk a
  /// thread.
  func tensor(_ name: ByteString, type: ElementType, shape: [Int], at offset: Int) throws(FileError) -> Tensor {
    guard let byteCount = type.byteCount(of: shape), offset >= 0, byteCount <= count, offset <= count - byteCount else {
      throw FileError(.malformed, path, "the tensor \"\(name)\" of shape \(shape) does not fit into the file")
    }
    try checkReadable(name, type: type, elements: shape.reduce(1, *))
    return try unsafe Tensor(uninitialized: shape) { elements throws(FileError) in
      try unsafe readElements(type, at: offset, into: elements)
    }
  }

  /// Throws if elements of `type` cannot be converted, or so many of them as Float32 exceed this machine's memory.
  func checkReadable(_ name: ByteString, type: ElementType, elements: Int) throws(FileError) {
    guard type.isReadable else {
      throw FileError(
        .malformed, path, "the tensor \"\(name)\" holds \(type.rawValue) numbers, which cannot be read",
        hint: "convert it to F16, BF16 or F32")
    }
    // A file may be mostly holes and claim far more than its disk space, so its size alone proves little.
    let memory = max(0, sysconf(Int32(_SC_PHYS_PAGES))) * max(0, sysconf(Int32(_SC_PAGESIZE)))
    guard elements <= memory / 4 else {
      throw FileError(.malformed, path, "the tensor \"\(name)\" of \(elements) elements exceeds this machine's memory")
    }
  }

  /// Fills `elements` with the elements of `type` that stand from `offset` on, several parts of them at a time.
  private func readElements(
    _ type: ElementType, at offset: Int, into elements: UnsafeMutableBufferPointer<Float>
  ) throws(FileError) {
    let shared = unsafe SharedElements(elements)
    let failure = Mutex<FileError?>(nil)
    parallel(elements.count, grain: Self.chunkLength) { range in
      do throws(FileError) {
        let part = unsafe shared.part(range.lowerBound, range.count)
        try unsafe readPart(type, at: offset + range.lowerBound * type.bitWidth / 8, into: part)
      } catch {
        failure.withLock { $0 = error }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  /// So many elements are converted at a time: what is read of them stays in a cache.
  private static let chunkLength = 1 << 17

  private func readPart(
    _ type: ElementType, at offset: Int, into elements: UnsafeMutableBufferPointer<Float>
  ) throws(FileError) {
    guard type != .float32 else { return try unsafe read(at: offset, into: UnsafeMutableRawBufferPointer(elements)) }
    let width = type.bitWidth / 8
    let chunkLength = min(elements.count, Self.chunkLength)
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkLength * width, alignment: 64)
    defer { unsafe chunk.deallocate() }
    var done = 0
    while done < elements.count {
      let length = min(chunkLength, elements.count - done)
      let source = unsafe UnsafeMutableRawBufferPointer(rebasing: chunk[..<(length * width)])
      try unsafe read(at: offset + done * width, into: source)
      unsafe type.convert(
        UnsafeRawBufferPointer(source), to: UnsafeMutableBufferPointer(rebasing: elements[done..<done + length]))
      done += length
    }
  }
}

extension ElementType {
  /// Converts the little-endian numbers in `source`, which is aligned for them, to as many Float32.
  fileprivate func convert(_ source: UnsafeRawBufferPointer, to target: UnsafeMutableBufferPointer<Float>) {
    guard let floats = target.baseAddress else { return }
    switch self {
    case .float16:
      unsafe source.withMemoryRebound(to: UInt16.self) { unsafe aesgrad_widen_half($0.baseAddress, floats, $0.count) }
    case .bfloat16:
      unsafe source.withMemoryRebound(to: UInt16.self) { unsafe aesgrad_widen_bfloat($0.baseAddress, floats, $0.count) }
    case .float32: unsafe UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
    case .float64: unsafe convert(source, to: target) { (value: Double) in Float(value) }
    case .bool: unsafe convert(source, to: target) { (value: UInt8) in value == 0 ? 0 : 1 }
    case .uint8: unsafe convert(source, to: target) { (value: UInt8) in Float(value) }
    case .int8: unsafe convert(source, to: target) { (value: Int8) in Float(value) }
    case .uint16: unsafe convert(source, to: target) { (value: UInt16) in Float(value) }
    case .int16: unsafe convert(source, to: target) { (value: Int16) in Float(value) }
    case .uint32: unsafe convert(source, to: target) { (value: UInt32) in Float(value) }
    case .int32: unsafe convert(source, to: target) { (value: Int32) in Float(value) }
    case .uint64: unsafe convert(source, to: target) { (value: UInt64) in Float(value) }
    case .int64: unsafe convert(source, to: target) { (value: Int64) in Float(value) }
    case .float4, .float6e2m3, .float6e3m2, .float8e5m2, .float8e4m3, .float8e8m0, .float8e4m3fnuz, .float8e5m2fnuz,
      .complex64:
      preconditionFailure("\(rawValue) numbers are refused before they are read")
    }
  }

  private func convert<Element: BitwiseCopyable>(
    _ source: UnsafeRawBufferPointer, to target: UnsafeMutableBufferPointer<Float>, _ value: (Element) -> Float
  ) {
    unsafe source.withMemoryRebound(to: Element.self) { numbers in
      for index in 0..<min(numbers.count, target.count) { unsafe target[index] = value(numbers[index]) }
    }
  }
}

extension ElementType {
  /// Lends `elements` to `body` as numbers of this type, a chunk at a time.
  func withStoredBytes(
    _ elements: UnsafeBufferPointer<Float>, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    guard self != .float32 else { return try unsafe body(UnsafeRawBufferPointer(elements)) }
    let width = bitWidth / 8
    let chunkLength = min(elements.count, 1 << 17)
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkLength * width, alignment: 64)
    defer { unsafe chunk.deallocate() }
    for start in stride(from: 0, to: elements.count, by: max(1, chunkLength)) {
      let source = unsafe UnsafeBufferPointer(rebasing: elements[start..<min(start + chunkLength, elements.count)])
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: chunk[..<(source.count * width)])
      unsafe store(source, to: target)
      try unsafe body(UnsafeRawBufferPointer(target))
    }
  }

  private func store(_ source: UnsafeBufferPointer<Float>, to target: UnsafeMutableRawBufferPointer) {
    switch self {
    case .float16:
      unsafe target.withMemoryRebound(to: UInt16.self) { halves in
        unsafe aesgrad_round_to_half(source.baseAddress, halves.baseAddress, source.count)
      }
    case .int64:
      unsafe target.withMemoryRebound(to: Int64.self) { integers in
        // What no integer can hold (NaN, 1e30) becomes 0 rather than a trap.
        for index in source.indices { unsafe integers[index] = Int64(exactly: source[index].rounded(.towardZero)) ?? 0 }
      }
    default: preconditionFailure("\(rawValue) numbers cannot be written")
    }
  }
}
