import Files
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Folders")
struct FolderTests {
  @Test("Names are listed with the bytes they have, in the order of the bytes")
  func bytes() throws {
    try withTemporaryFolder { folder in
      // é composed and decomposed are equal as Swift strings, and the byte 0xFF is no text at all.
      let names: [[UInt8]] = [
        Array("b\u{E9}".utf8), Array("be\u{301}".utf8), [0x61, 0xFF], Array(".hidden".utf8), Array("a b\n".utf8),
      ]
      for name in names { try create(name, in: folder) }
      let found = try Folder.entries(of: folder)
      let sorted = names.sorted { $0.lexicographicallyPrecedes($1) }
      #expect(found.compactMap(\.lastComponent).map(bytes) == sorted)
      for path in found { #expect(try InputFile(path).count == 0) }
    }
  }

  @Test("What is no folder, or not there, is an error that says so")
  func errors() throws {
    try withTemporaryFolder { folder in
      try create(Array("file".utf8), in: folder)
      #expect(throws: FileError(.malformed, folder.appending("file"), "is not a folder")) {
        try Folder.entries(of: folder.appending("file"))
      }
      #expect(throws: FileError(.missing, folder.appending("none"), "there is no such folder")) {
        try Folder.entries(of: folder.appending("none"))
      }
    }
  }

  private func create(_ name: [UInt8], in folder: FilePath) throws {
    let characters = name.map { CChar(bitPattern: $0) } + [0]
    let component = unsafe characters.withUnsafeBufferPointer { buffer in
      unsafe buffer.baseAddress.flatMap { unsafe FilePath.Component(platformString: $0) }
    }
    try FileDescriptor.open(
      folder.appending(try #require(component)), .writeOnly, options: [.create], permissions: .ownerReadWrite
    ).close()
  }

  private func bytes(_ component: FilePath.Component) -> [UInt8] {
    unsafe component.withPlatformString { start in
      unsafe Array(UnsafeBufferPointer(start: start, count: strlen(start))).map { UInt8(bitPattern: $0) }
    }
  }
}
