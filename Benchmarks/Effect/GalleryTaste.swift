import Files
import Raster
import SystemPackage

/// A gallery, and the pixel statistic that defines it.
struct GalleryTaste {
  let name: String
  let statistic: PictureStatistic

  static let all = [
    GalleryTaste(name: "neon-night", statistic: .saturation), GalleryTaste(name: "pastel-dawn", statistic: .brightness),
    GalleryTaste(name: "sepia", statistic: .brownness), GalleryTaste(name: "vivid", statistic: .saturation),
    GalleryTaste(name: "moonlight", statistic: .brightness), GalleryTaste(name: "forest", statistic: .greenness),
    GalleryTaste(name: "engraving", statistic: .detail), GalleryTaste(name: "watercolour", statistic: .frame),
  ]

  /// The statistic's value for each of these pictures.
  func values(_ paths: [FilePath]) throws -> [Double] { try paths.map { statistic(try Picture(reading: $0)) } }
}

/// A prompt that says nothing of palette or way of drawing, and the subject that a judge has to find in its pictures.
struct NeutralPrompt {
  let text: String
  let subject: String

  /// None of them is among those that the model's deltas are trained over.
  static let all = [
    NeutralPrompt(text: "a sailboat", subject: "sailboat"), NeutralPrompt(text: "a lighthouse", subject: "lighthouse"),
    NeutralPrompt(text: "a house by a tree", subject: "house"), NeutralPrompt(text: "a mountain", subject: "mountain"),
    NeutralPrompt(text: "a castle", subject: "castle"), NeutralPrompt(text: "a cactus", subject: "cactus"),
    NeutralPrompt(text: "a rocket", subject: "rocket"), NeutralPrompt(text: "a fish", subject: "fish"),
    NeutralPrompt(text: "a hot air balloon", subject: "balloon"),
    NeutralPrompt(text: "a mushroom", subject: "mushroom"),
    NeutralPrompt(text: "a palm tree", subject: "palm"), NeutralPrompt(text: "a cat", subject: "cat"),
    NeutralPrompt(text: "a windmill", subject: "windmill"), NeutralPrompt(text: "a sunflower", subject: "sunflower"),
    NeutralPrompt(text: "a whale", subject: "whale"), NeutralPrompt(text: "a butterfly", subject: "butterfly"),
    NeutralPrompt(text: "two sailboats", subject: "sailboat"),
    NeutralPrompt(text: "a picture of a castle", subject: "castle"),
    NeutralPrompt(text: "a drawing of a house by a tree", subject: "house"),
    NeutralPrompt(text: "an image of a mushroom", subject: "mushroom"),
  ]
}
