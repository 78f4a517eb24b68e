import Files
import SystemPackage

/// The tensors of a model that is spread over several files, with an index that says which is where.
struct ShardedWeights: WeightSource {
  let path: FilePath
  let names: [ByteString]
  private let sources: [ByteString: any WeightSource]

  var format: String {
    "\(Set(sources.values.map(\.path)).count) files of " + (sources.values.first?.format ?? "nothing")
  }
  var metadata: [ByteString: ByteString] { [:] }

  /// Opens the files that the index at `path` names, which stand beside it.
  init(index path: FilePath) throws(FileError) {
    let index = try ConfigurationFile(path, limit: 64 << 20)
    guard let map = index["weight_map"]?.object, !map.members.isEmpty else {
      throw index.error("has no object \"weight_map\"")
    }
    var shards: [ByteString: any WeightSource] = [:]
    var sources: [ByteString: any WeightSource] = [:]
    for member in map.members {
      guard let file = member.value.string, let name = file.string, name.isPlainName else {
        throw index.error("places \"\(member.name)\" in something that is no file name")
      }
      let shard: any WeightSource
      if let open = shards[file] {
        shard = open
      } else {
        guard shards.count < 1000 else { throw index.error("names more than 1000 files") }
        shard = try WeightFile.open(path.removingLastComponent().appending(name))
        shards[file] = shard
      }
      guard shard.shape(of: member.name) != nil else {
        throw FileError(
          .malformed, shard.path,
          "has no tensor \"\(member.name)\", which \(path.lastComponent?.string ?? "its index") places there")
      }
      sources[member.name] = shard
    }
    for shard in shards.values {
      if let stray = shard.names.first(where: { sources[$0] == nil }) {
        throw FileError(.malformed, shard.path, "has the tensor \"\(stray)\", which is not in the index")
      }
    }
    self.path = path
    self.sources = sources
    names = map.members.map(\.name)
  }

  func shape(of name: ByteString) -> [Int]? { sources[name]?.shape(of: name) }

  func elementType(of name: ByteString) -> ElementType? { sources[name]?.elementType(of: name) }

  func tensor(_ name: ByteString) throws(FileError) -> Tensor {
    guard let source = sources[name] else { throw FileError(.malformed, path, "has no tensor \"\(name)\"") }
    return try source.tensor(name)
  }
}
