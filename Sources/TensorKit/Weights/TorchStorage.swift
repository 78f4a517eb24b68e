import Files

/// A run of numbers in a torch file, which tensors are views of.
struct TorchStorage: Hashable, Sendable {
  /// What the file calls it.
  let key: ByteString
  let type: ElementType
  /// The number of elements.
  let count: Int

  /// The bytes it takes.
  var byteCount: Int { count * type.bitWidth / 8 }
}

/// A tensor as torch stores it: a view of a storage.
struct TorchTensor: Sendable {
  let storage: TorchStorage
  let type: ElementType
  let shape: [Int]
  /// For each axis the distance of neighbours, in elements.
  let strides: [Int]
  /// The place of the first element, in elements.
  let offset: Int

  /// The elements from the first to the last, those between them included.
  let extent: Int

  /// Whether the elements stand row by row without gaps.
  var isContiguous: Bool {
    var expected = 1
    for (length, stride) in zip(shape, strides).reversed() where length != 1 {
      guard stride == expected else { return shape.contains(0) }
      expected *= length
    }
    return true
  }
}

extension Pickle {
  /// The tensor that `value` stands for; nil if it is none. An error if it is one, but not a sound one.
  func tensor(_ value: PickleValue, depth: Int = 0) throws(PickleError) -> TorchTensor? {
    guard case .object(let object) = node(value), let name = global(object.callable), let kind = name.rebuilding,
      let arguments = tuple(object.arguments)
    else { return nil }
    // A parameter is a tensor with a flag; what its own attributes hold is of no use here.
    if kind == .parameter {
      guard depth < 4, let data = arguments.first, let tensor = try tensor(data, depth: depth + 1) else {
        throw fault("a parameter is not made of a tensor")
      }
      return tensor
    }
    guard object.state == nil, object.items.isEmpty, arguments.count >= 4 else {
      throw fault("a tensor is not made as torch makes them")
    }
    let storage = try storage(arguments[0])
    guard let offset = integer(arguments[1]), let shape = lengths(arguments[2]), let strides = lengths(arguments[3])
    else { throw fault("a tensor's shape is not made of at most 64 whole numbers") }
    var type = storage.type
    if kind == .tensorOfType {
      guard arguments.count >= 7, let named = global(arguments[6])?.elementType else {
        throw fault("a tensor has an unknown type")
      }
      type = named
    }
    return try tensor(of: storage, type, shape, strides, offset)
  }

  /// Checks that the view lies within its storage, and that it has no more elements than that: strides of zero could
  /// otherwise make terabytes out of nothing.
  private func tensor(
    of storage: TorchStorage, _ type: ElementType, _ shape: [Int], _ strides: [Int], _ offset: Int
  ) throws(PickleError) -> TorchTensor {
    let available = storage.byteCount / max(1, type.bitWidth / 8)
    guard shape.count == strides.count, shape.count <= SafetensorsHeader.highestRank, type.byteCount(of: shape) != nil,
      (shape + strides).allSatisfy({ $0 >= 0 }), (0...available).contains(offset)
    else { throw fault("a tensor of shape \(shape) does not fit into its storage") }
    let count = shape.contains(0) ? 0 : shape.reduce(1, *)
    var extent = min(1, count)
    var overflow = false
    for (length, stride) in zip(shape, strides) where count > 0 {
      let (step, tooFar) = (length - 1).multipliedReportingOverflow(by: stride)
      let (sum, tooMuch) = extent.addingReportingOverflow(step)
      (extent, overflow) = (sum, overflow || tooFar || tooMuch)
    }
    guard !overflow, extent <= available - offset, count <= available else {
      throw fault("a tensor of shape \(shape) reaches beyond its storage of \(available) elements")
    }
    return TorchTensor(storage: storage, type: type, shape: shape, strides: strides, offset: offset, extent: extent)
  }

  /// The storage that a persistent identifier describes: ("storage", class, key, device, number of elements), and in old
  /// files a sixth value, for views of other storages.
  private func storage(_ value: PickleValue) throws(PickleError) -> TorchStorage {
    guard case .storage(let identifier) = node(value), let parts = tuple(identifier), (5...6).contains(parts.count),
      text(parts[0]) == "storage", let key = text(parts[2]), text(parts[3]) != nil, let count = integer(parts[4])
    else { throw fault("a tensor has no storage as torch describes them") }
    guard let name = global(parts[1]), let type = name.storageType else {
      let name = global(parts[1])?.description ?? "something else"
      throw fault("a tensor depends on \(name), which is no known class of storages")
    }
    guard parts.count == 5 || parts[5] == .none else {
      throw fault("a storage is a view of another one, as torch wrote them before version 0.4")
    }
    guard !key.bytes.isEmpty, key.bytes.count <= 20, key.bytes.allSatisfy({ (0x30...0x39).contains($0) }) else {
      throw fault("a storage has the key \"\(key)\"; a number was expected")
    }
    guard count >= 0, !count.multipliedReportingOverflow(by: 64).overflow else {
      throw fault("a storage has \(count) elements")
    }
    return TorchStorage(key: key, type: type, count: count)
  }

  /// All storages that are described, by key. One that is described in two ways is an error.
  func storages() throws(PickleError) -> [ByteString: TorchStorage] {
    var storages: [ByteString: TorchStorage] = [:]
    for number in nodes.indices {
      guard case .storage = nodes[number], let storage = try? storage(.node(Int32(number))) else { continue }
      let known = storages.updateValue(storage, forKey: storage.key)
      guard known == nil || known == storage else {
        throw fault("the storage \(storage.key) is described in two ways")
      }
    }
    return storages
  }

  /// Whole numbers in a tuple or a `torch.Size`.
  private func lengths(_ value: PickleValue) -> [Int]? {
    var elements = tuple(value)
    if case .object(let object) = node(value), global(object.callable) == .size,
      let inner = tuple(object.arguments)?.first
    {
      elements = tuple(inner)
    }
    guard let elements, elements.count <= SafetensorsHeader.highestRank else { return nil }
    let integers = elements.compactMap { integer($0) }
    return integers.count == elements.count ? integers : nil
  }

  private func fault(_ problem: String) -> PickleError { PickleError(problem: problem, offset: end) }
}
