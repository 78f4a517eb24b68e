import Aesthetic
import ArgumentParser
import Files
import SystemPackage

struct Rate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Keeps what a person says about pictures.",
    discussion: """
      Pictures are known by what is in them, wherever their files are. Of several ratings of a picture the last counts; \
      all of them are kept. A file of ratings is a table (CSV) with the columns picture, kind (like, dislike, stars, \
      prefer, skip), value (the number of stars), over (what was not preferred) and weight, or has such an object of JSON \
      on each line. Either all of it is taken over or nothing.

      Examples:
        aesgrad rate pictures/ --profile warm --like
        aesgrad rate --profile warm --prefer left.png --over right.png
        aesgrad rate --profile warm --from ratings.csv
      """)

  @Argument(help: ArgumentHelp("Pictures (PNG, JPEG, WebP) and folders of them.", valueName: "path"))
  var paths: [PathArgument] = []

  @OptionGroup var options: ProfileOptions
  @OptionGroup(title: "What is said") var saying: SayingOptions

  @Option(parsing: .unconditional, help: ArgumentHelp("How much it counts; 1 is usual.", valueName: "weight"))
  var weight = 1.0

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard RatingLine.weights.contains(weight) else {
      throw ValidationError("--weight \(weight): a number above 0, at most 1000000, is needed")
    }
    if saying.verdict == nil {
      if !paths.isEmpty {
        throw ValidationError("Paths are given, but not what to say: --like, --dislike, --stars, --skip")
      }
    } else if paths.isEmpty {
      throw ValidationError("No pictures are given")
    }
    if saying.from != nil, weight != 1 { throw ValidationError("--weight: in a file each rating has its own") }
  }

  func run() throws {
    let store = try options.store.open()
    let profile = try store.profile(options.profile)
    var failures = Failures("pictures")
    if let file = saying.from?.path {
      let lines = try RatingsFile(file)
      let intake = try RatingsIntake(lines, of: file, for: profile, in: store, quiet: output.quiet)
      try intake.keep(source: "rate --from \(file.lastComponent?.string ?? "")")
      try report(profile, intake.ratings, intake.scan, failed: 0)
    } else if let (winner, loser) = saying.pair {
      let line = RatingLine(picture: winner, verdict: .preferred(over: loser), weight: weight)
      let scan = try PictureScan(line.pictures, in: store, &failures, quiet: output.quiet)
      try failures.check(total: failures.count)
      guard let rating = line.rating(scan.hashes) else {
        throw ValidationError("--prefer and --over name the same picture")
      }
      try store.rate(profile, [rating], pictures: scan.new, seen: scan.seen, source: "rate")
      try report(profile, [rating], scan, failed: 0)
    } else if let verdict = saying.verdict {
      let search = try PictureSearch(paths.map(\.path))
      for failure in search.failures { failures.add(failure) }
      if search.pictures.isEmpty, failures.count == 0, let path = paths.first?.path {
        throw FileError(.missing, path, "holds no pictures (PNG, JPEG, WebP)")
      }
      let total = search.pictures.count + failures.count
      let scan = try PictureScan(search.pictures, in: store, &failures, quiet: output.quiet)
      var said: Set<String> = []
      let ratings = search.pictures.compactMap { path -> Rating? in
        let rating = RatingLine(picture: path, verdict: verdict, weight: weight).rating(scan.hashes)
        return rating.flatMap { said.insert($0.picture).inserted ? $0 : nil }
      }
      if !ratings.isEmpty {
        try store.rate(profile, ratings, pictures: scan.new, seen: scan.seen, source: "rate")
        try report(profile, ratings, scan, failed: failures.count)
      }
      try failures.check(total: total)
    }
  }

  private struct Report: Encodable {
    let profile: String
    let ratings: Int
    let newPictures: Int
    let failed: Int
  }

  private func report(_ profile: Profile, _ ratings: [Rating], _ scan: PictureScan, failed: Int) throws {
    if output.json {
      return try Console.printJSON(
        Report(profile: profile.name, ratings: ratings.count, newPictures: scan.new.count, failed: failed))
    }
    try Console.printLine(
      "\(counted(ratings.count, "rating")) kept in the profile \(profile.name), "
        + "\(counted(scan.new.count, "picture")) new")
  }
}

/// "1 picture", "2 pictures".
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
