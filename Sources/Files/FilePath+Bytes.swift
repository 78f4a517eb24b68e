import Glibc
public import SystemPackage

extension FilePath {
  /// The bytes of the path, without a zero at the end.
  public var bytes: [UInt8] { unsafe withPlatformString { unsafe ByteString(cString: $0).bytes } }

  /// The path of these bytes, which end at the first zero.
  public init(bytes: some Sequence<UInt8>) {
    unsafe self.init(platformString: bytes.map { CChar(bitPattern: $0) } + [0])
  }

  /// The path from the root on; unchanged where the working folder is not known, having been deleted.
  public var absolute: FilePath {
    guard isRelative, let folder = unsafe getcwd(nil, 0) else { return lexicallyNormalized() }
    defer { unsafe free(folder) }
    return unsafe FilePath(platformString: folder).pushing(self).lexicallyNormalized()
  }
}
