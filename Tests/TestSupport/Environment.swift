import Foundation
public import SystemPackage

/// The value of an environment variable, or nil.
public func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

/// The names of what is in `folder`, hidden files included.
public func contents(of folder: FilePath) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted()
}
