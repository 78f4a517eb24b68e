package import Files
package import SystemPackage

/// The name of a model on the Hugging Face hub: `organisation/name`, with `@revision` behind it or not.
package struct HubName: Hashable, Sendable, CustomStringConvertible {
  /// Who published it.
  package let organisation: String
  /// What it is called there.
  package let name: String
  /// A branch, a tag or a commit; nil means `main`.
  package let revision: String?

  /// The parts of `text`, or nil if it cannot be such a name.
  package init?(_ text: String) {
    let halves = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let parts = halves[0].split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy(\.isPlainName) else { return nil }
    if halves.count == 2 {
      // A revision may have parts of its own, such as refs/pr/1.
      guard halves[1].split(separator: "/", omittingEmptySubsequences: false).allSatisfy(\.isPlainName) else {
        return nil
      }
    }
    organisation = String(parts[0])
    name = String(parts[1])
    revision = halves.count == 2 ? String(halves[1]) : nil
  }

  /// As people write it.
  package var description: String { "\(organisation)/\(name)" + (revision.map { "@" + $0 } ?? "") }
}

/// The local cache of the Hugging Face hub. It is only read; nothing is ever downloaded.
///
/// Its layout (huggingface_hub 2.4): `models--organisation--name/refs/<revision>` holds the commit, and
/// `models--organisation--name/snapshots/<commit>/` the files, as links.
package struct HubCache: Hashable, Sendable {
  /// Where it is.
  package let folder: FilePath

  /// The cache in `folder`.
  package init(folder: FilePath) { self.folder = folder }

  /// The cache that this environment names: HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, HOME.
  package init(environment: [String: String]) {
    func path(_ name: String) -> FilePath? {
      guard let value = environment[name], !value.isEmpty else { return nil }
      guard value == "~" || value.hasPrefix("~/"), let home = environment["HOME"] else { return FilePath(value) }
      return FilePath(home + value.dropFirst())
    }
    let caches = path("XDG_CACHE_HOME") ?? FilePath(environment["HOME"] ?? "/").appending(".cache")
    let home = path("HF_HOME") ?? caches.appending("huggingface")
    folder = path("HF_HUB_CACHE") ?? path("HUGGINGFACE_HUB_CACHE") ?? home.appending("hub")
  }

  /// The folder with the files of `name`, or nil if the cache has no such model.
  package func snapshot(of name: HubName) throws(FileError) -> FilePath? {
    let model = folder.appending("models--\(name.organisation)--\(name.name)")
    guard model.isFolder else { return nil }
    let snapshots = model.appending("snapshots")
    let revision = name.revision ?? "main"
    let reference = model.appending("refs").appending(FilePath(revision).components)
    var commit = revision
    if reference.isFile {
      let bytes = try InputFile(reference).readAll(limit: 256)
      commit = String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
      guard commit.isPlainName else { throw FileError(.malformed, reference, "does not name a commit") }
    }
    let snapshot = snapshots.appending(FilePath(commit).components)
    if snapshot.isFolder { return snapshot }
    let others = snapshots.isFolder ? try Folder.entries(of: snapshots).compactMap(\.lastComponent?.string) : []
    throw FileError(
      .missing, model, "has no files of the revision \(revision)",
      hint: others.first.map { "there are files of another: \(name.organisation)/\(name.name)@\($0)" })
  }
}
