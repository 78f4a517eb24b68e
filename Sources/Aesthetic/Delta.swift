package import CLIPKit
package import Files
package import SystemPackage
package import TensorKit

/// What personalising adds to the weights of a text encoder, parameter by parameter, under transformers' names.
///
/// It belongs to one encoder, its base, which it knows by its fingerprint. Applied with a strength s it gives W + s·Δ, so
/// that 0 is the base and 1 the personalised encoder; deltas of one base add up.
package struct Delta: Sendable {
  /// What is added to a parameter.
  package enum Change: Sendable {
    /// A difference of the parameter's shape.
    case exact(Tensor)
    /// The product up · down, up [outputs, rank], down [rank, inputs].
    case lowRank(up: Tensor, down: Tensor)
    /// Differences of a table's rows, and their numbers in rising order.
    case rows([Int], Tensor)
  }

  /// How a delta was made.
  package struct Settings: Hashable, Sendable {
    package var steps = 0
    package var learningRate = 0.0
    /// "exact", "low-rank", "factorised" or "blend".
    package var mode = "exact"
    /// The highest rank of the factors, where there are any.
    package var rank: Int?
    /// The SHA-256 of the prompts, each followed by a line end.
    package var promptsHash = ""

    package init() {}
  }

  /// By the parameter's name, such as `text_model.encoder.layers.0.self_attn.q_proj.weight`.
  package var changes: [ByteString: Change]
  /// The fingerprint of the text encoder it belongs to (`TextEncoder.fingerprint`).
  package let base: String
  package var settings = Settings()
  /// The mean similarity of the prompts to the aesthetic without it and with it.
  package var similarity: (before: Float, after: Float)?

  /// A delta of these changes to the encoder with the fingerprint `base`.
  package init(changes: [ByteString: Change], base: String) {
    self.changes = changes
    self.base = base
  }

  /// What `personalised` has beyond the encoder whose weights `weights` holds, which was read from there and has the
  /// fingerprint `base`. One of those weights is in memory at a time.
  ///
  /// `tokens` are the sequences that were trained on: only their tokens and positions up to the end of the text can have
  /// changed.
  package init(
    from weights: TensorScope, to personalised: TextEncoder, tokens: [[Int]], base: String
  ) throws(FileError) {
    let tokens = tokens.map { $0.prefix(personalised.configuration.poolingPosition(in: $0) + 1) }
    var changes: [ByteString: Change] = [:]
    for parameter in personalised.parameters {
      var difference = personalised[parameter]
      let old = try weights.tensor(parameter.name, shape: personalised.shape(of: parameter))
      guard parameter.kind == .table else {
        difference.add(-1, times: old)
        changes[parameter.name] = .exact(difference)
        continue
      }
      let isPosition = parameter.name.hasSuffix("position_embedding.weight")
      let numbers = Set(isPosition ? tokens.flatMap { Array(0..<$0.count) } : tokens.flatMap(\.self)).sorted()
      var inPlay = rows(numbers, of: difference)
      inPlay.add(-1, times: rows(numbers, of: old))
      changes[parameter.name] = .rows(numbers, inPlay)
    }
    self.init(changes: changes, base: base)
  }

  /// The terms of low rank that training has put beside the weights of `personalised`, which still are those of the encoder
  /// with the fingerprint `base`.
  package init(termsOf personalised: TextEncoder, base: String) {
    var changes: [ByteString: Change] = [:]
    for parameter in personalised.parameters {
      guard let term = personalised.term(of: parameter) else { continue }
      changes[parameter.name] = .lowRank(up: term.up, down: term.down)
    }
    self.init(changes: changes, base: base)
  }

  /// Adds `strength` times the delta to `encoder`, which must be the one it belongs to. At 0 nothing changes, to the bit.
  ///
  /// Errors name the delta's file `path` and the model's, `model`.
  package func apply(to encoder: inout TextEncoder, strength: Float = 1, path: FilePath, model: FilePath)
    throws(FileError)
  {
    try checkBase(encoder.fingerprint, path: path, model: model)
    try check(encoder, path: path)
    guard strength != 0 else { return }
    for parameter in encoder.parameters {
      switch changes[parameter.name] {
      case .exact(let difference): encoder.add(strength, times: difference, to: parameter)
      case .lowRank(let up, let down): encoder.add(strength, times: matrixProduct(up, down), to: parameter)
      case .rows(let numbers, let differences):
        encoder.add(strength, times: differences, toRows: numbers, of: parameter)
      case nil: break
      }
    }
  }

  /// Throws if the delta belongs to another encoder than the one of `model`, whose fingerprint is `found`.
  package func checkBase(_ found: String, path: FilePath, model: FilePath) throws(FileError) {
    guard found != base else { return }
    throw FileError(
      .malformed, path,
      "belongs to a text encoder with the fingerprint \(base); that of \(model.printable) has \(found)",
      hint: "use it with the model it was made for, or make one for this model with `aesgrad personalize`")
  }

  /// Throws if a change does not fit into `encoder`.
  private func check(_ encoder: TextEncoder, path: FilePath) throws(FileError) {
    var left = Set(changes.keys)
    for parameter in encoder.parameters {
      guard left.remove(parameter.name) != nil, let change = changes[parameter.name] else { continue }
      let shape = encoder.shape(of: parameter)
      let fits =
        switch change {
        case .exact(let difference): difference.shape == shape
        case .lowRank(let up, let down): parameter.kind == .matrix && [up.rows, down.width] == shape
        case .rows(let numbers, let differences):
          parameter.kind == .table && differences.width == shape[1] && numbers.allSatisfy { 0 <= $0 && $0 < shape[0] }
        }
      guard fits else {
        throw FileError(.malformed, path, "changes the tensor \"\(parameter.name)\" of shape \(shape) in another shape")
      }
    }
    if let stray = left.min() {
      throw FileError(.malformed, path, "changes the tensor \"\(stray)\", which the text encoder does not have")
    }
  }
}
