import Aesthetic
import Files
import SystemPackage

/// Ratings of a file on their way into the store: each picture looked at, so that it is known by its bytes.
struct RatingsIntake {
  private let profile: Profile
  private let store: Store
  let ratings: [Rating]
  let scan: PictureScan

  /// All ratings of `file`, which stands at `path`: if one of them cannot be taken over, none is.
  init(_ file: RatingsFile, of path: FilePath, for profile: Profile, in store: Store, quiet: Bool) throws {
    var failures = Failures("lines")
    for failure in file.failures { failures.add(failure) }
    try failures.check(total: failures.count)
    var seen: Set<FilePath> = []
    let pictures = file.lines.flatMap(\.rating.pictures).filter { seen.insert($0).inserted }
    var unreadable = Failures("pictures")
    let scan = try PictureScan(pictures, in: store, &unreadable, quiet: quiet)
    try unreadable.check(total: unreadable.count)
    var ratings: [Rating] = []
    for (number, line) in file.lines {
      if let rating = line.rating(scan.hashes) {
        ratings.append(rating)
      } else {
        failures.add(FileError(.malformed, path, "line \(number) prefers a picture over itself"))
      }
    }
    try failures.check(total: failures.count)
    (self.profile, self.store, self.ratings, self.scan) = (profile, store, ratings, scan)
  }

  /// Those of `rankings` whose pictures are still there; others are added to `failures`. Paths that are no whole ones
  /// are from `folder` on.
  init(
    _ rankings: ImageBrowserRankings, from folder: FilePath, _ failures: inout Failures, for profile: Profile,
    in store: Store, quiet: Bool
  ) throws {
    let lines = rankings.stars.map { picture, stars in
      RatingLine(picture: folder.pushing(picture), verdict: .stars(stars))
    }
    scan = try PictureScan(lines.map(\.picture), in: store, &failures, quiet: quiet)
    let hashes = scan.hashes
    ratings = lines.compactMap { $0.rating(hashes) }
    (self.profile, self.store) = (profile, store)
  }

  /// Keeps them, and says where they come from.
  func keep(source: String) throws(FileError) {
    try store.rate(profile, ratings, pictures: scan.new, seen: scan.seen, source: source)
  }
}
