public import Files
import Synchronization
public import SystemPackage

/// A file that `torch.save` wrote (`.pt`, `.ckpt`, `.bin`), opened for reading.
///
/// Opening reads the pickle that describes the tensors, and executes nothing of it; the numbers are read when asked for,
/// and a storage's checksum is verified when it is first read. Tensors are listed under flat names (`StateDictionary`).
public final class TorchFile: WeightSource {
  private let file: InputFile
  private let content: StateDictionary
  private let container: Container
  private let verified = Mutex<Set<ByteString>>([])
  private let globals: [PickleGlobal]

  /// Where the storages are.
  private enum Container: Sendable {
    case zip(ZipArchive, root: ByteString)
    case legacy(offsets: [ByteString: Int])
  }

  /// Pickles that describe tensors are far smaller; it is the storages that are large.
  static let longestPickle = 1 << 26

  /// Opens the file at `path`; an error if it is not a sound torch file.
  public convenience init(_ path: FilePath) throws(FileError) { try self.init(InputFile(path)) }

  init(_ file: InputFile) throws(FileError) {
    self.file = file
    if try file.read(at: 0, count: min(2, file.count)) == [0x50, 0x4B] {
      let opened = try TorchZip(file)
      container = .zip(opened.archive, root: opened.root)
      content = try Self.content(of: opened.pickle, file)
      globals = opened.pickle.globals
    } else {
      let opened = try TorchLegacy(file)
      container = .legacy(offsets: try opened.offsets(file))
      content = try Self.content(of: opened.pickle, file)
      globals = opened.pickle.globals
    }
    for tensor in content.tensors.values { try check(tensor.storage) }
    if content.names.isEmpty, let object = content.opaque[""] {
      throw file.fault("holds a Python object (\(object)), not tensors", hint: "save its state_dict() instead")
    }
  }

  private static func content(of pickle: Pickle, _ file: InputFile) throws(FileError) -> StateDictionary {
    do throws(PickleError) {
      _ = try pickle.storages()  // described in one way each
      return try StateDictionary(pickle)
    } catch {
      throw file.fault("has a bad pickle: \(error.problem)")
    }
  }

  /// The file.
  public var path: FilePath { file.path }
  /// "torch", or "torch (legacy)" for the layout before version 1.6.
  public var format: String { if case .zip = container { "torch" } else { "torch (legacy)" } }
  /// The tensors' names, in the order of the file; the empty one for a tensor that stands alone.
  public var names: [ByteString] { content.names }
  /// The plain values of the outermost dictionary, as text.
  public var metadata: [ByteString: ByteString] { content.metadata }
  /// The stored shape of the tensor called `name`, or nil if there is none.
  public func shape(of name: ByteString) -> [Int]? { content.tensors[name]?.shape }
  /// How the elements of the tensor called `name` are stored, or nil if there is none.
  public func elementType(of name: ByteString) -> ElementType? { content.tensors[name]?.type }
  /// Names of Python code in the file that weights do not need, as `module.name`. Nothing of them is executed here.
  public var unfamiliarGlobals: [String] { globals.filter { !$0.isFamiliar }.map(\.description).sorted() }
  /// Those among them that would run programs or read files where a pickle is executed.
  public var suspiciousGlobals: [String] { globals.filter(\.isSuspicious).map(\.description).sorted() }

  /// The tensor called `name`, converted to Float32, its elements in row-major order whatever their order in the file.
  public func tensor(_ name: ByteString) throws(FileError) -> Tensor {
    guard let tensor = content.tensors[name] else {
      guard let object = content.opaque[name] else { throw file.fault("has no tensor \"\(name)\"") }
      throw file.fault("has a Python object (\(object)) in place of the tensor \"\(name)\"")
    }
    let start = try offset(of: tensor.storage) + tensor.offset * tensor.type.bitWidth / 8
    if tensor.isContiguous { return try file.tensor(name, type: tensor.type, shape: tensor.shape, at: start) }
    let run = try file.tensor(name, type: tensor.type, shape: [tensor.extent], at: start)
    return run.gathered(tensor.shape, strides: tensor.strides)
  }

  /// Throws if `storage` is not in the file or has another size there.
  private func check(_ storage: TorchStorage) throws(FileError) {
    switch container {
    case .legacy(let offsets):
      // The sizes have been compared where the offsets were found.
      guard offsets[storage.key] != nil else { throw file.fault("lacks the storage \(storage.key)") }
    case .zip(let archive, let root):
      let member = try member(storage, archive, root)
      guard member.count == storage.byteCount else {
        throw file.fault("has \(member.count) bytes in storage \(storage.key); \(storage.byteCount) were expected")
      }
    }
  }

  /// Where the storage's bytes begin. The first time, all of them are read to verify their checksum, if there is one.
  private func offset(of storage: TorchStorage) throws(FileError) -> Int {
    switch container {
    case .legacy(let offsets): return offsets[storage.key] ?? file.count
    case .zip(let archive, let root):
      let member = try member(storage, archive, root)
      if !verified.withLock({ $0.contains(storage.key) }) {
        try archive.verify(member)
        verified.withLock { _ = $0.insert(storage.key) }
      }
      return member.offset
    }
  }

  private func member(
    _ storage: TorchStorage, _ archive: ZipArchive, _ root: ByteString
  ) throws(FileError) -> ZipArchive.Member {
    guard let member = archive[root + "/data/" + storage.key] else {
      throw file.fault("lacks the storage \(storage.key)")
    }
    return member
  }
}

extension Tensor {
  /// The elements at the places that `strides` gives, which must be within the tensor.
  fileprivate func gathered(_ shape: [Int], strides: [Int]) -> Tensor {
    unsafe withUnsafeElements { source in
      unsafe Tensor(uninitialized: shape) { target in
        var counter = Array(repeating: 0, count: shape.count)
        var place = 0
        for index in target.indices {
          unsafe target[index] = source[place]
          // Counts up like an odometer, from the last axis.
          for axis in shape.indices.reversed() {
            counter[axis] += 1
            place += strides[axis]
            if counter[axis] < shape[axis] { break }
            place -= strides[axis] * shape[axis]
            counter[axis] = 0
          }
        }
      }
    }
  }
}
