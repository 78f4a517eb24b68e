import CLIPKit
import Files
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite struct HubCacheTests {
  @Test("a hub name leads to the snapshot of its revision") func snapshots() throws {
    try withTemporaryFolder { folder in
      let cache = HubCache(folder: folder)
      let model = folder.appending("models--open--clip")
      try write("0123abcd\n", to: model.appending("refs").appending("main"))
      try write("4567ef01", to: model.appending("refs").appending("refs").appending("pr").appending("1"))
      for commit in ["0123abcd", "4567ef01", "89abcdef"] {
        let configuration = #"{"model_type": "clip_text_model", "hidden_size": 64}"#
        try write(configuration, to: model.appending("snapshots").appending(commit).appending("config.json"))
      }
      for (name, commit) in [
        ("open/clip", "0123abcd"), ("open/clip@main", "0123abcd"), ("open/clip@refs/pr/1", "4567ef01"),
        ("open/clip@89abcdef", "89abcdef"),
      ] {
        let location = try ModelLocation.find(FilePath(name), cache: cache)
        #expect(location.path == model.appending("snapshots").appending(commit), "\(name)")
        #expect(location.kind == .textEncoder)
      }
      let revision = try #require(throws: FileError.self) { try ModelLocation.find("open/clip@v2", cache: cache) }
      #expect(revision.problem == "has no files of the revision v2")
      #expect(revision.hint == "there are files of another: open/clip@0123abcd")
      let unknown = try #require(throws: FileError.self) { try ModelLocation.find("open/other", cache: cache) }
      #expect(unknown.kind == .missing)
      #expect(unknown.problem.contains("no such model in the cache"))
    }
  }

  @Test("what a folder has comes before what the cache has") func foldersFirst() throws {
    let path = try Fixture.path("clip-quick")
    #expect(try ModelLocation.find(path, cache: HubCache(folder: "/nowhere")).path == path)
  }

  @Test("neither a name nor a reference leads out of the cache") func hostileNames() throws {
    for name in [
      "../x", "a/..", "a/b@../../x", "a/b@", "/a", "a/", "a//b", "a", "a/b/c", "a/b@c//d", "a b/c", ".a/b", "a/b\u{0}",
    ] {
      #expect(HubName(name) == nil, "\(name)")
    }
    try withTemporaryFolder { folder in
      let reference = folder.appending("models--a--b").appending("refs").appending("main")
      try write("../../../..", to: reference)
      let error = try #require(throws: FileError.self) {
        try HubCache(folder: folder).snapshot(of: #require(HubName("a/b")))
      }
      #expect(error == FileError(.malformed, reference, "does not name a commit"))
    }
  }

  @Test("the environment says where the cache is") func environment() {
    func folder(_ environment: [String: String]) -> FilePath { HubCache(environment: environment).folder }
    var environment = ["HOME": "/home/a"]
    #expect(folder(environment) == "/home/a/.cache/huggingface/hub")
    environment["XDG_CACHE_HOME"] = "/cache"
    #expect(folder(environment) == "/cache/huggingface/hub")
    environment["HF_HOME"] = "~/hf"
    #expect(folder(environment) == "/home/a/hf/hub")
    environment["HUGGINGFACE_HUB_CACHE"] = "/old"
    #expect(folder(environment) == "/old")
    environment["HF_HUB_CACHE"] = "/new"
    #expect(folder(environment) == "/new")
    environment["HF_HUB_CACHE"] = ""
    #expect(folder(environment) == "/old")
  }
}

/// Writes a file and the folders above it.
func write(_ text: String, to path: FilePath) throws {
  try FileManager.default.createDirectory(
    atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
  try OutputFile.write(Array(text.utf8), to: path, replacing: false)
}
