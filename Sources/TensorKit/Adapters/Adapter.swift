package import Files
package import SystemPackage

/// A change of a model's weights as other programs keep it: a LoRA (Hu et al. 2021, arXiv 2106.09685) of kohya, PEFT or
/// diffusers, or LyCORIS's whole differences, for the text encoder, the UNet, or both.
///
/// Opening reads names and shapes; the numbers are read when they are asked for.
package struct Adapter: Sendable {
  /// A part of Stable Diffusion.
  package enum Part: String, Hashable, Sendable {
    case text = "text encoder"
    case image = "UNet"
  }

  /// What is done to one weight or bias.
  struct Change: Sendable {
    enum Form: Sendable {
      /// scale · up · down, of these tensors.
      case factors(up: ByteString, down: ByteString, scale: Float)
      /// This tensor.
      case whole(ByteString)
    }
    let form: Form
    /// The module as the file calls it.
    let module: ByteString
  }

  private let source: any WeightSource
  /// By part and `AdapterNaming.key`, with `.weight` or `.bias` behind it.
  private let changes: [Part: [String: Change]]
  /// The ranks of the factors, rising.
  package let ranks: [Int]

  /// The file.
  package var path: FilePath { source.path }

  /// Opens the adapter in `source`; for one that PEFT has written, `settings` are what its adapter_config.json says.
  package init(reading source: any WeightSource, settings: AdapterSettings = AdapterSettings()) throws(FileError) {
    self.source = source
    var modules: [ByteString: [AdapterRole: ByteString]] = [:]
    for name in source.names {
      guard let (module, role) = AdapterNaming.parts(of: name) else { throw Self.stranger(name, source) }
      if let other = modules[module, default: [:]].updateValue(name, forKey: role) {
        throw FileError(.malformed, source.path, "has one tensor under two names, \"\(other)\" and \"\(name)\"")
      }
    }
    guard !modules.isEmpty else { throw FileError(.malformed, source.path, "holds no tensors; a LoRA was expected") }
    var changes: [Part: [String: Change]] = [.text: [:], .image: [:]]
    var ranks: Set<Int> = []
    for (module, roles) in modules.sorted(by: { $0.key < $1.key }) {
      if AdapterNaming.isForSDXL(module) {
        throw FileError(.malformed, source.path, "is a LoRA for SDXL; one for Stable Diffusion 1.x was expected")
      }
      guard let (part, key) = AdapterNaming.place(of: module) else {
        throw FileError(
          .malformed, source.path, "changes the module \"\(module)\", which Stable Diffusion 1.x does not have")
      }
      let found = try Self.forms(roles, of: module, part, key, source, settings, &ranks)
      for (suffix, form) in found {
        if changes[part]?.updateValue(Change(form: form, module: module), forKey: key + suffix) != nil {
          throw FileError(.malformed, source.path, "changes the module \"\(module)\" under two names")
        }
      }
    }
    self.changes = changes
    self.ranks = ranks.sorted()
  }

  /// How many weights and biases of a part are changed.
  package func count(_ part: Part) -> Int { changes[part]?.count ?? 0 }

  private static func stranger(_ name: ByteString, _ source: any WeightSource) -> FileError {
    if let kind = AdapterNaming.stranger(name) {
      return FileError(
        .malformed, source.path, "is an adapter of the kind \(kind), which is not read",
        hint: "LoRA and LyCORIS's whole differences are; kohya's tools convert by merging and extracting again")
    }
    return FileError(.malformed, source.path, "has the tensor \"\(name)\", which no LoRA has")
  }

  /// What the tensors of a module do to its weight and bias.
  private static func forms(
    _ roles: [AdapterRole: ByteString], of module: ByteString, _ part: Part, _ key: String,
    _ source: any WeightSource, _ settings: AdapterSettings, _ ranks: inout Set<Int>
  ) throws(FileError) -> [(suffix: String, form: Change.Form)] {
    func fault(_ problem: String) -> FileError {
      FileError(.malformed, source.path, "has the module \"\(module)\" \(problem)")
    }
    var forms: [(String, Change.Form)] = []
    if let bias = roles[.bias] { forms.append((".bias", .whole(bias))) }
    if let weight = roles[.weight] { forms.append((".weight", .whole(weight))) }
    switch (roles[.up], roles[.down]) {
    case (let up?, let down?):
      let (upShape, downShape) = (source.shape(of: up) ?? [], source.shape(of: down) ?? [])
      let isFactor = { (shape: [Int]) in [2, 4].contains(shape.count) && !shape.contains(0) }
      guard isFactor(upShape), isFactor(downShape), upShape[1] == downShape[0],
        upShape.dropFirst(2).allSatisfy({ $0 == 1 })
      else { throw fault("with factors of the shapes \(upShape) and \(downShape), which do not fit together") }
      guard roles[.weight] == nil else { throw fault("with factors and a whole difference") }
      let rank = downShape[0]
      ranks.insert(rank)
      var scale = settings.scale(part, key, rank: rank)
      if let name = roles[.alpha] {
        guard source.shape(of: name)?.reduce(1, *) == 1 else { throw fault("with an alpha that is no single number") }
        let alpha = try source.tensor(name).elements[0]
        guard alpha.isFinite else { throw fault("with an alpha that is not finite") }
        // Nought means that none was set.
        scale = alpha == 0 ? 1 : alpha / Float(rank)
      }
      forms.append((".weight", .factors(up: up, down: down, scale: scale)))
    case (nil, nil): if forms.isEmpty { throw fault("with an alpha alone") }
    default: throw fault("with one factor of two")
    }
    return forms
  }

  /// The changes of a part by the names of the model's parameters, of which `names` are all; `model` is its file, for
  /// errors.
  func changes(of part: Part, to names: [ByteString], model: FilePath) throws(FileError) -> [ByteString: Change] {
    var left = changes[part] ?? [:]
    var result: [ByteString: Change] = [:]
    for name in names {
      guard let text = name.string, let dot = text.lastIndex(of: ".") else { continue }
      result[name] = left.removeValue(forKey: AdapterNaming.key(part, String(text[..<dot])) + text[dot...])
    }
    if let stray = left.values.map(\.module).min() {
      throw FileError(
        .malformed, path,
        "changes the module \"\(stray)\", which the \(part.rawValue) of \(model.printable) does not have",
        hint: "it was made for another kind of model, or for another size of this one")
    }
    return result
  }

  /// What `change` adds to a parameter of `shape`, times `weight`.
  func difference(_ change: Change, shape: [Int], weight: Float) throws(FileError) -> Tensor {
    switch change.form {
    case .whole(let name):
      guard let found = source.shape(of: name), found.reduce(1, *) == shape.reduce(1, *),
        found.first == shape.first
      else { throw misfit(change, source.shape(of: name) ?? [], shape) }
      return weight * (try finite(name)).reshaped(shape)
    case .factors(let up, let down, let scale):
      let (upShape, downShape) = (source.shape(of: up) ?? [], source.shape(of: down) ?? [])
      guard shape.count >= 2, upShape[0] == shape[0],
        downShape.dropFirst().reduce(1, *) == shape.dropFirst().reduce(1, *)
      else { throw misfit(change, [upShape[0]] + downShape.dropFirst(), shape) }
      let rank = downShape[0]
      let left = try finite(up).reshaped([upShape[0], rank])
      let right = try finite(down).reshaped([rank, downShape.dropFirst().reduce(1, *)])
      return matrixProduct((weight * scale) * left, right).reshaped(shape)
    }
  }

  private func misfit(_ change: Change, _ found: [Int], _ expected: [Int]) -> FileError {
    FileError(
      .malformed, path,
      "changes the module \"\(change.module)\" by \(found); the model's weights there are \(expected)",
      hint: "it was made for another kind of model")
  }

  private func finite(_ name: ByteString) throws(FileError) -> Tensor {
    let tensor = try source.tensor(name)
    guard tensor.isFinite(0..<tensor.count) else {
      throw FileError(.malformed, path, "the tensor \"\(name)\" holds numbers that are not finite")
    }
    return tensor
  }
}
