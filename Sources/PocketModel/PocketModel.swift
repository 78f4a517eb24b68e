import Glibc
package import SystemPackage

/// The small model that ships with the program: a text-to-image model of Stable Diffusion 1.x's architecture, and the CLIP
/// that goes with it. `Tools/pocket` has made it.
package enum PocketModel {
  /// Its folder: that of a diffusers pipeline, with the CLIP model in `clip`. Nil where it is not there.
  package static func folder() -> FilePath? { resource("pocket", holding: "model_index.json") }

  /// Small sets of pictures, each of one taste, and what two simulated people say of them. Nil where they are not there.
  package static func galleries() -> FilePath? { resource("galleries", holding: "README.md") }

  /// What ships with the program stands beside it, wherever that is, as the build has put it there.
  private static func resource(_ name: String, holding file: String) -> FilePath? {
    guard let program = program() else { return nil }
    let folder = program.removingLastComponent().appending("aesgrad_PocketModel.resources").appending(name)
    return (try? FileDescriptor.open(folder.appending(file), .readOnly, options: [.closeOnExec]).close())
      .map { folder }
  }

  /// The running program's own file, links followed.
  private static func program() -> FilePath? {
    guard let path = unsafe realpath("/proc/self/exe", nil) else { return nil }
    defer { unsafe free(path) }
    return unsafe FilePath(platformString: path)
  }
}
