import Aesthetic
import CLIPKit
import Files
import Raster
import SystemPackage
import TensorKit

/// Says which pictures a taste ranks highest, as `rank` does.
struct PictureJudge {
  private let image: ImageModel
  private let profiles: [(learned: LearnedProfile, weight: Float)]
  private let direction: Tensor

  /// By the profiles of `steering`, or its aesthetic where there are none.
  init(_ steering: Steering, by image: ImageModel, in store: Store?, quiet: Bool) throws {
    self.image = image
    direction = steering.aesthetic.direction
    var failures = Failures("rated pictures")
    profiles = try steering.profiles.map { profile, weight in
      guard let store else { preconditionFailure("profiles without a store") }
      // A single profile judges even pictures that are not moved towards it.
      return (
        try LearnedProfile(profile, in: store, by: image, &failures, quiet: quiet),
        steering.profiles.count == 1 ? 1 : weight
      )
    }
    let width = try image.encoder().projection.shape[0]
    guard direction.count == width else {
      throw FileError(
        .malformed, image.location.path, "gives \(width) features; the aesthetic has \(direction.count)",
        hint: "--clip names the CLIP model that the aesthetic was made with")
    }
  }

  /// How much each of the pictures is liked, all seen beside each other.
  func scores(_ pictures: [Picture]) throws -> [Double] {
    let encoder = try image.encoder()
    let squares = pictures.map { $0.preparedForCLIP(side: encoder.preprocessing.side) }
    let features = Tensor.concatenated(
      squares.map { encoder(encoder.preprocessing.pixels([$0], crop: .openAI)) })  // [n, D]
    guard !profiles.isEmpty else {
      let target = direction.elements.map { Double($0) }
      return (0..<features.rows).map { features.unitRow($0).cosine(target) }
    }
    let sights = Sights(
      features: features,
      appearances: pictures.map { picture in
        (try? picture.thumbnail()).flatMap { Appearance(thumbnail: $0) }
      })
    var sums = [Double](repeating: 0, count: pictures.count)
    for (learned, weight) in profiles {
      for (place, score) in learned.scores(sights).enumerated() { sums[place] += Double(weight) * score }
    }
    return sums
  }
}
