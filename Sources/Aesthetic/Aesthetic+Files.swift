import CLIPKit
public import Files
public import SystemPackage
public import TensorKit

extension Aesthetic {
  /// The names that an aesthetic has in our own files; other files hold it as their only tensor.
  private enum Name {
    static let mean: ByteString = "mean"
    static let direction: ByteString = "aesthetic"
  }

  /// Reads the aesthetic in `source`, written by us or by others: `[D]` or `[1, D]`, of any length but zero.
  ///
  /// With `width`, one that belongs to another family of models is refused.
  public init(reading source: some WeightSource, width: Int? = nil) throws(FileError) {
    let path = source.path
    // One tensor of the same shape, but of words, not of pictures.
    if source.names.contains("emb_params") {
      throw FileError(.malformed, path, "is a textual inversion; an aesthetic was expected")
    }
    guard let name = Self.tensorName(in: source), let shape = source.shape(of: name) else {
      throw FileError(.malformed, path, "holds \(source.names.count) tensors; an aesthetic is a single one")
    }
    guard shape.last != 0, shape.count == 1 || shape.count == 2 && shape[0] == 1 else {
      throw FileError(
        .malformed, path, "holds a tensor of shape \(shape), which is no aesthetic; [768] or [1, 768] was expected")
    }
    if let width, let found = shape.last, found != width {
      throw FileError(
        .malformed, path,
        "is an aesthetic of width \(CLIPFamily.describe(width: found)); \(CLIPFamily.describe(width: width)) was expected",
        hint: "make one for this model with `aesgrad embed`")
    }
    let mean = try source.tensor(name)
    guard mean.elements.allSatisfy(\.isFinite) else {
      throw FileError(.malformed, path, "holds numbers that are not finite, so it is no aesthetic")
    }
    guard let aesthetic = Aesthetic(mean: mean) else {
      throw FileError(.malformed, path, "is zero everywhere, so it has no direction")
    }
    self = aesthetic
  }

  /// Writes a safetensors file with the direction as "aesthetic" and the mean as "mean", and `metadata`.
  public func writeSafetensors(
    metadata: [ByteString: ByteString], to path: FilePath, replacing: Bool
  ) throws {
    try SafetensorsWriter.write(
      [WeightEntry(Name.direction, direction), WeightEntry(Name.mean, mean)], metadata: metadata, to: path,
      replacing: replacing)
  }

  /// Writes a .pt file with the mean alone, `[1, D]`, as the A1111 extension stores and loads it.
  public func writeTorch(to path: FilePath, replacing: Bool) throws {
    try TorchWriter.write(
      tensor: WeightEntry(Name.mean, mean.reshaped([1, width])), to: path, replacing: replacing)
  }

  private static func tensorName(in source: some WeightSource) -> ByteString? {
    let names = source.names
    if names.count == 1 { return names[0] }
    return [Name.mean, Name.direction].first { source.shape(of: $0) != nil }
  }
}
