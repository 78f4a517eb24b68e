import Files

/// The layout of torch files before version 1.6: five pickles in a row (a mark, the version, facts about the machine, the
/// object, the keys of the storages), then each storage's number of elements and its bytes.
struct TorchLegacy {
  let pickle: Pickle
  private let keys: [ByteString]
  /// Where the first storage begins.
  private let start: Int
  /// The storages that the object describes, by key.
  private let storages: [ByteString: TorchStorage]

  /// The first pickle: protocol 2, the number 0x1950a86a20f9469cfc6c.
  static let mark: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
  /// The second: protocol 2, the number 1001.
  private static let version: [UInt8] = [0x80, 2, UInt8(ascii: "M"), 0xE9, 3, UInt8(ascii: ".")]

  init(_ file: InputFile) throws(FileError) {
    // The pickles' length is not announced, so a beginning is read that should hold them, then a longer one.
    var length = 1 << 18
    while true {
      let bytes = try file.read(at: 0, count: min(length, file.count))
      do throws(PickleError) {
        try self.init(bytes)
        return
      } catch {
        guard error.isTruncated, length < min(file.count, TorchFile.longestPickle) else {
          throw file.fault("has a bad pickle: \(error.problem) (byte \(error.offset))")
        }
        length *= 16
      }
    }
  }

  private init(_ bytes: [UInt8]) throws(PickleError) {
    let opening = Self.mark + Self.version
    guard bytes.starts(with: opening) else {
      if bytes.count < opening.count, opening.starts(with: bytes) {
        throw PickleError(problem: "it ends too early", offset: bytes.count, isTruncated: true)
      }
      throw PickleError(problem: "it does not begin as torch files do", offset: 0)
    }
    let machine = try PickleMachine.read(bytes, from: opening.count)
    guard let isLittle = machine.member("little_endian", of: machine.root) else {
      throw PickleError(problem: "it does not say its byte order", offset: machine.end)
    }
    guard isLittle == .bool(true) else {
      throw PickleError(problem: "its numbers are in big-endian order; only little is read", offset: machine.end)
    }
    pickle = try PickleMachine.read(bytes, from: machine.end)
    let list = try PickleMachine.read(bytes, from: pickle.end)
    guard case .list(let elements) = list.node(list.root) else {
      throw PickleError(problem: "the list of storages is missing", offset: list.end)
    }
    keys = elements.compactMap { list.text($0) }
    guard Set(keys).count == elements.count else {
      throw PickleError(problem: "the list of storages holds a key twice, or no text", offset: list.end)
    }
    start = list.end
    storages = try pickle.storages()
  }

  /// Where each storage's numbers begin; checks that the storages fill the file exactly.
  func offsets(_ file: InputFile) throws(FileError) -> [ByteString: Int] {
    var offsets: [ByteString: Int] = [:]
    var position = start
    for key in keys {
      guard let storage = storages[key] else { throw file.fault("lists a storage \"\(key)\" that nothing describes") }
      let count = try file.read(at: position, count: 8).number(at: 0, width: 8)
      guard count == UInt64(storage.count) else {
        throw file.fault("has \(count ?? 0) elements in storage \(key); \(storage.count) were expected")
      }
      guard storage.byteCount <= file.count - position - 8 else {
        throw file.fault("ends too early: the storage \(key) needs \(storage.byteCount) bytes")
      }
      offsets[key] = position + 8
      position += 8 + storage.byteCount
    }
    guard position == file.count else { throw file.fault("has \(file.count - position) stray bytes at its end") }
    return offsets
  }
}
