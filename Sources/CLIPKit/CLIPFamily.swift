/// Which family of models works with features of which width, for people to read.
public enum CLIPFamily {
  /// The families whose image features have this width, or nil for a width that no published one has.
  public static func name(width: Int) -> String? {
    switch width {
    case 512: "CLIP ViT-B"
    case 640: "CLIP RN50x4"
    case 768: "CLIP ViT-L, Stable Diffusion 1.x"
    case 1024: "OpenCLIP ViT-H, Stable Diffusion 2.x"
    case 1280: "OpenCLIP ViT-bigG, SDXL"
    default: nil
    }
  }

  /// A width and the family it belongs to, such as `768 (CLIP ViT-L, Stable Diffusion 1.x)`.
  public static func describe(width: Int) -> String { name(width: width).map { "\(width) (\($0))" } ?? "\(width)" }
}
