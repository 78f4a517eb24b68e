public import Files
public import SystemPackage

/// A safetensors file opened for reading. Opening reads the header only, and checks all of it against the file's size.
public struct SafetensorsFile: WeightSource {
  private let file: InputFile
  private let header: SafetensorsHeader
  private let dataOffset: Int

  /// The longest header that the format allows, in bytes.
  static let longestHeader = 100_000_000

  /// Opens the file at `path`; an error if it is not a sound safetensors file.
  public init(_ path: FilePath) throws(FileError) { try self.init(InputFile(path)) }

  init(_ file: InputFile) throws(FileError) {
    guard file.count >= 8 else {
      throw FileError(.malformed, file.path, "is \(file.count) bytes long, too short for a safetensors file")
    }
    let length = try file.read(at: 0, count: 8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= Self.longestHeader, length <= file.count - 8 else {
      throw FileError(
        .malformed, file.path,
        "is not a safetensors file, or cut short: a header of \(length) bytes is announced, \(file.count - 8) follow")
    }
    dataOffset = 8 + Int(length)
    let text = try file.read(at: 8, count: Int(length))
    do throws(JSONError) {
      header = try SafetensorsHeader(parsing: text, dataLength: file.count - dataOffset)
    } catch {
      throw FileError(.malformed, file.path, "has a bad safetensors header: \(error)")
    }
    self.file = file
  }

  /// The file.
  public var path: FilePath { file.path }
  /// "safetensors".
  public var format: String { "safetensors" }
  /// The tensors' names, in the order of the header.
  public var names: [ByteString] { header.entries.map(\.name) }
  /// The strings under `__metadata__`.
  public var metadata: [ByteString: ByteString] { header.metadata }
  /// The stored shape of the tensor called `name`, or nil if there is none.
  public func shape(of name: ByteString) -> [Int]? { header.positions[name].map { header.entries[$0].shape } }
  /// How the elements of the tensor called `name` are stored, or nil if there is none.
  public func elementType(of name: ByteString) -> ElementType? {
    header.positions[name].map { header.entries[$0].type }
  }

  /// The tensor called `name`, converted to Float32.
  public func tensor(_ name: ByteString) throws(FileError) -> Tensor {
    guard let position = header.positions[name] else { throw FileError(.malformed, path, "has no tensor \"\(name)\"") }
    let entry = header.entries[position]
    return try file.tensor(name, type: entry.type, shape: entry.shape, at: dataOffset + entry.range.lowerBound)
  }
}
