import Foundation
public import SystemPackage

/// The folder of a small CLIP model that Tools/reference/clip.py has made, `clip-quick`, `clip-gelu` or `clip-half`: they
/// stand among the fixtures of CLIPKitTests, where they are most used.
public func modelFolder(_ name: String) -> FilePath {
  let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  return FilePath(tests.path).appending("CLIPKitTests/Fixtures").appending(name)
}
