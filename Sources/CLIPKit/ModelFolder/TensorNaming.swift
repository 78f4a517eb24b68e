import Files
import TensorKit

/// How a file names the tensors of CLIP, and the way from there to the names that are used here.
///
/// Those are the names of a CLIPModel in transformers: `text_model.…`, `vision_model.…`, `text_projection.weight`,
/// `visual_projection.weight`.
struct TensorNaming: Hashable, Sendable {
  /// What stands before the names in the file, and what stands there instead.
  let renames: [Rename]
  /// Whether the file holds CLIP alone, so that a name which is not understood is a fault.
  let isCLIPAlone: Bool

  /// A beginning of names and its replacement.
  struct Rename: Hashable, Sendable {
    let from: ByteString
    let to: ByteString
  }

  /// One way of naming: what stands before the text and image encoders' names.
  private struct Style {
    let text: ByteString?
    let vision: ByteString?
    let projections: ByteString
    let isCLIPAlone: Bool
  }

  private static let styles = [
    // transformers: CLIPModel, and CLIPTextModel and CLIPVisionModel up to version 4; ComfyUI's text encoders.
    Style(text: "text_model.", vision: "vision_model.", projections: "", isCLIPAlone: true),
    // transformers 5: CLIPTextModel and CLIPVisionModel.
    Style(text: "", vision: nil, projections: "", isCLIPAlone: true),
    Style(text: nil, vision: "", projections: "", isCLIPAlone: true),
    // Checkpoints of Stable Diffusion 1.x: as published, and as NovelAI's.
    checkpoint("cond_stage_model.transformer.text_model.", "cond_stage_model.transformer."),
    checkpoint("cond_stage_model.transformer.", "cond_stage_model.transformer."),
    // Text encoders and checkpoints that ComfyUI saves.
    checkpoint("clip_l.transformer.text_model.", "clip_l.transformer."),
    checkpoint("text_encoders.clip_l.transformer.text_model.", "text_encoders.clip_l.transformer."),
  ]

  private static func checkpoint(_ text: ByteString, _ projections: ByteString) -> Style {
    Style(text: text, vision: nil, projections: projections, isCLIPAlone: false)
  }

  /// The naming of `source`, or nil if it holds neither of CLIP's encoders under any name that is known.
  init?(of source: some WeightSource) {
    func has(_ prefix: ByteString?, _ name: ByteString) -> Bool {
      prefix.map { source.shape(of: $0 + name) != nil } ?? false
    }
    for style in Self.styles {
      var renames: [Rename] = []
      if has(style.text, "embeddings.token_embedding.weight"), let text = style.text {
        renames.append(Rename(from: text, to: "text_model."))
      }
      if has(style.vision, "embeddings.patch_embedding.weight"), let vision = style.vision {
        renames.append(Rename(from: vision, to: "vision_model."))
      }
      guard !renames.isEmpty else { continue }
      let projections = ["text_projection.weight", "visual_projection.weight", "logit_scale"] as [ByteString]
      // Before the encoders, whose beginning may be empty.
      self.renames = projections.map { Rename(from: style.projections + $0, to: $0) } + renames
      isCLIPAlone = style.isCLIPAlone
      return
    }
    return nil
  }

  /// The name that is used here for the one in the file; nil if it belongs to something else.
  func canonical(_ stored: ByteString) -> ByteString? {
    for rename in renames where stored.hasPrefix(rename.from) {
      return rename.to + stored.dropping(rename.from.bytes.count)
    }
    return nil
  }

  /// Whether the tensor says nothing that is not known: the numbers 0 to 76, which old files keep, or the temperature of
  /// the training loss.
  static func isIgnored(_ canonical: ByteString) -> Bool {
    canonical == "logit_scale" || canonical.hasSuffix(".position_ids")
  }
}
