import Files
import SystemPackage
import TestSupport
import Testing

/// Expects the file at `path` to hold exactly these bytes.
func expectBytes(_ path: FilePath, _ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws {
  let found = try InputFile(path).readAll(limit: 1 << 20)
  #expect(found == bytes, sourceLocation: sourceLocation)
}

/// Expects the folder at `path` to hold files of exactly these names.
func expectNames(_ path: FilePath, _ names: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
  let found = try contents(of: path)
  #expect(found == names, sourceLocation: sourceLocation)
}

/// Expects two runs of bytes to be equal.
func expectEqual(_ found: [UInt8], _ expected: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(found == expected, sourceLocation: sourceLocation)
}
