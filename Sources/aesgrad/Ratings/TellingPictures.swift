import Aesthetic
import Files
import Raster
import SystemPackage
import TensorKit

/// The rated pictures that show best what a profile's aesthetic is: those farthest along it, and those farthest back.
struct TellingPictures {
  /// A picture, and how far along it is, in standard deviations of the rated pictures.
  struct Place {
    let picture: PictureRecord
    let score: Double
  }
  /// The farthest along, farthest first.
  let best: [Place]
  /// The farthest back, farthest first.
  let worst: [Place]

  private static let columns = 8

  /// Looks for them among the pictures that `profile` has rated, by the latest version of its aesthetic.
  init(_ profile: Profile, in store: Store) throws(FileError) {
    let version = try store.latestVersion(profile)
    let rated = try store.ratedFeatures(profile, by: version.model)
    guard !rated.pictures.isEmpty else {
      throw FileError(.missing, store.path, "has no rated pictures of the profile \"\(profile.name)\" to be shown")
    }
    let scores = Self.scores(rated.features, along: version.aesthetic.direction)
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    let half = min(Self.columns, (order.count + 1) / 2)
    func places(_ rows: some Sequence<Int>) throws(FileError) -> [Place] {
      let rows = Array(rows)
      return zip(try store.pictures(rows.map { rated.pictures[$0] }), rows).map {
        Place(picture: $0, score: scores[$1])
      }
    }
    best = try places(order.prefix(half))
    worst = try places(order.dropFirst(half).suffix(half).reversed())
  }

  /// (f − mean) · direction of each row f, in standard deviations. What all pictures have in common counts for nothing:
  /// in CLIP's features it is most of their length.
  private static func scores(_ features: Tensor, along direction: Tensor) -> [Double] {
    let raw = (0..<features.rows).map { Double(features.rows($0..<$0 + 1).dot(direction)) }
    let mean = raw.reduce(0, +) / Double(raw.count)
    let deviation = (raw.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(raw.count)).squareRoot()
    return raw.map { deviation > 0 ? ($0 - mean) / deviation : 0 }
  }

  /// The pictures on a sheet: from their files where these still are what was rated, else small as they are kept.
  func sheet(title: String) -> Picture {
    let rows = [best, worst].filter { !$0.isEmpty }.map { places in
      places.map { place in
        ContactSheet.Cell(
          Self.picture(place.picture),
          caption: "\(place.picture.path.lastComponent?.string ?? "") \(rounded(place.score, 1))")
      }
    }
    return ContactSheet(title: title, rowHeadings: ["most", "least"], rows: rows, cellSide: 160).drawn()
  }

  private static func picture(_ record: PictureRecord) -> Picture? {
    (try? Picture(of: record.hash, at: record.path)) ?? (try? Picture(decoding: record.thumbnail))
  }
}
