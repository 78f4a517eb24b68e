import Files
public import SystemPackage

/// Writes `.pt` files as `torch.save` of version 1.6 did, byte for byte.
///
/// Later versions add members that the loader of AUTOMATIC1111's web interface refuses; every torch since 1.6 reads this
/// form, with `weights_only=True` too.
public enum TorchWriter {
  /// Writes one tensor as a file at `path`, whole or not at all (`OutputFile.write`). Its name is not stored.
  public static func write(tensor entry: WeightEntry, to path: FilePath, replacing: Bool) throws {
    var pickle = PickleWriter()
    pickle.tensor(entry.shape, entry.type, key: "0")
    pickle.stop()
    try write(pickle, [entry], to: path, replacing)
  }

  /// Writes a dictionary of tensors, in this order, as a file at `path`, whole or not at all.
  public static func write(_ entries: [WeightEntry], to path: FilePath, replacing: Bool) throws {
    var seen: Set<ByteString> = []
    for name in entries.map(\.name) where !seen.insert(name).inserted || name.string == nil {
      throw FileError(.cannotCreate, path, "cannot hold the name \"\(name)\": it stands twice, or is not UTF-8")
    }
    var pickle = PickleWriter()
    pickle.dictionary(entries.count) { pickle, index in
      pickle.text(entries[index].name)
      pickle.tensor(entries[index].shape, entries[index].type, key: "\(index)")
    }
    pickle.stop()
    try write(pickle, entries, to: path, replacing)
  }

  private static func write(
    _ pickle: PickleWriter, _ entries: [WeightEntry], to path: FilePath, _ replacing: Bool
  ) throws {
    try OutputFile.write(to: path, replacing: replacing) { file in
      var zip = ZipWriter()
      try zip.add("archive/data.pkl", pickle.bytes, to: file)
      for (index, entry) in entries.enumerated() { try zip.add("archive/data/\(index)", entry, to: file) }
      try zip.add("archive/version", Array("3\n".utf8), to: file)
      try zip.finish(file)
    }
  }
}
