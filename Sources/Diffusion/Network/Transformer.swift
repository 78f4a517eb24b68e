import Files
import TensorKit

/// Self-attention, attention to the conditioning and a gated perceptron on a picture's pixels (Rombach et al. 2022, arXiv
/// 2112.10752, section 3.3; diffusers: Transformer2DModel with one BasicTransformerBlock).
struct Transformer: Sendable {
  private let norm: GroupNorm
  private let entrance: Kept<PackedLinear>
  private let selfNorm: LayerNorm
  private let queriesKeysValues: Kept<PackedLinear>
  private let selfOutput: Kept<PackedLinear>
  private let crossNorm: LayerNorm
  private let queries: Kept<PackedLinear>
  private let conditioningKeysValues: Kept<PackedLinear>
  private let crossOutput: Kept<PackedLinear>
  private let perceptron: GatedPerceptron
  private let exit: Kept<PackedLinear>
  private let heads: Int
  private let channels: Int
  private let isExact: Bool

  init(
    from builder: LayerBuilder, channels: Int, heads: Int, conditioningWidth: Int, groups: Int, lines: Int
  ) throws(FileError) {
    (self.channels, self.heads, isExact) = (channels, heads, builder.isExact)
    let rows = 2 * lines * lines
    func map(_ builder: LayerBuilder, _ name: String, adding: Bool, bias: Bool = true) throws(FileError)
      -> Kept<PackedLinear>
    {
      try builder.linear(
        name, inputs: channels, outputs: channels, rows: rows, hasBias: bias, accumulating: adding)
    }
    norm = try builder.groupNorm("norm", channels: channels, groups: groups, epsilon: 1e-6)
    entrance = try map(builder, "proj_in", adding: false)
    let block = builder.scoped("transformer_blocks.0")
    func layerNorm(_ name: ByteString) throws(FileError) -> LayerNorm {
      try LayerNorm(from: block.scope.scoped(name), width: channels, epsilon: 1e-5)
    }
    selfNorm = try layerNorm("norm1")
    queriesKeysValues = try block.scoped("attn1").linear(
      "to_q", "to_k", "to_v", inputs: channels, outputs: channels, rows: rows, hasBias: false)
    selfOutput = try map(block.scoped("attn1"), "to_out.0", adding: true)
    crossNorm = try layerNorm("norm2")
    queries = try map(block.scoped("attn2"), "to_q", adding: false, bias: false)
    conditioningKeysValues = try block.scoped("attn2").linear(
      "to_k", "to_v", inputs: conditioningWidth, outputs: channels, rows: 154, hasBias: false)
    crossOutput = try map(block.scoped("attn2"), "to_out.0", adding: true)
    perceptron = try GatedPerceptron(from: block, norm: layerNorm("norm3"), channels: channels, rows: rows)
    exit = try map(builder, "proj_out", adding: true)
  }

  /// What it reads of the conditioning [n, tokens, width], the same at every step.
  func context(of conditioning: Tensor, _ hypernetworks: [WeightedHypernetwork]) -> TransformerContext {
    let map = conditioningKeysValues()  // to [n, tokens, 2 · channels]
    let seen = hypernetworks.seen(conditioning)
    let rows = seen.map { besideEachOther(map($0.keys), map($0.values)) } ?? map(conditioning)
    let keys = PackedKeys(
      rows, sequences: conditioning.shape[0], heads: heads, headWidth: channels / heads, keysAt: 0,
      valuesAt: seen == nil ? channels : 3 * channels, exactly: isExact)
    return TransformerContext(keys: keys, hypernetworks: hypernetworks)
  }

  /// x [n, height, width, channels], or one picture for all n conditionings, to n pictures.
  func callAsFunction(_ x: Tensor, _ context: TransformerContext) -> Tensor {
    let (keys, count) = (context.keys, context.keys.sequences)
    precondition(x.shape[0] == 1 || x.shape[0] == count, "\(count) conditionings for \(x.shape[0]) pictures")
    var pixels = entrance()(norm(x))
    selfOutput().add(attendingToItself(selfNorm(pixels), context.hypernetworks), to: &pixels)
    // Only from here on the conditionings make a difference.
    let asking = queries()(crossNorm(pixels)).repeated(count)
    pixels = pixels.repeated(count)
    crossOutput().add(keys.attended(by: asking).reshaped(pixels.shape), to: &pixels)
    pixels = perceptron.adding(to: pixels)
    var y = x.repeated(count)
    exit().add(pixels, to: &y)
    return y
  }

  private func attendingToItself(_ x: Tensor, _ hypernetworks: [WeightedHypernetwork]) -> Tensor {
    let map = queriesKeysValues()
    let rows = map(x)  // [n, height, width, 3 · channels]
    let seen = hypernetworks.seen(x)
    let keys = PackedKeys(
      seen.map { besideEachOther(map($0.keys), map($0.values)) } ?? rows, sequences: x.shape[0], heads: heads,
      headWidth: channels / heads, keysAt: channels, valuesAt: (seen == nil ? 2 : 5) * channels,
      exactly: isExact)
    return keys.attended(by: rows).reshaped(x.shape)
  }
}

extension Tensor {
  /// A picture for each of `count` conditionings: one that has not met them yet is still the same for all.
  func repeated(_ count: Int) -> Tensor {
    shape[0] == count ? self : Tensor.concatenated(Array(repeating: self, count: count))
  }
}

/// What a transformer reads of a conditioning at every step, and what changes its attention.
struct TransformerContext: Sendable {
  let keys: PackedKeys
  let hypernetworks: [WeightedHypernetwork]
}

/// x + W₂ (a · GELU(b)), a and b the halves of W₁ norm(x) (Shazeer 2020, arXiv 2002.05202, equation 6).
struct GatedPerceptron: Sendable {
  private let norm: LayerNorm
  private let inner: Kept<PackedLinear>
  private let outer: Kept<PackedLinear>

  init(from block: LayerBuilder, norm: LayerNorm, channels: Int, rows: Int) throws(FileError) {
    self.norm = norm
    inner = try block.linear("ff.net.0.proj", inputs: channels, outputs: 8 * channels, rows: Self.blockRows)
    outer = try block.linear(
      "ff.net.2", inputs: 4 * channels, outputs: channels, rows: Self.blockRows, accumulating: true)
  }

  /// So many rows at a time go through everything, so that their eight times wider inside stays in the cache.
  private static let blockRows = 256

  func adding(to x: Tensor) -> Tensor {
    let (inner, outer) = (inner(), outer())
    let width = x.width
    let flat = x.reshaped([x.rows, width])
    return unsafe Tensor(
      shape: x.shape, rowGrain: 64, piecesPerThread: max(2, x.rows / Self.blockRows / Threads.count)
    ) { range, output in
      for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.blockRows) {
        var rows = flat.rows(start..<min(range.upperBound, start + Self.blockRows))
        outer.add(gatedGELU(inner(norm(rows))), to: &rows)
        let target = unsafe UnsafeMutableBufferPointer(rebasing: output[((start - range.lowerBound) * width)...])
        unsafe rows.withUnsafeElements { _ = unsafe target.update(fromContentsOf: $0) }
      }
    }
  }
}
