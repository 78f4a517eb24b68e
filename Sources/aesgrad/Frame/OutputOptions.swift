import ArgumentParser

/// How results are given out.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print one JSON object, and nothing else, to standard output.")
  var json = false

  @Flag(name: [.short, .long], help: "No progress, no remarks.")
  var quiet = false
}

/// Whether files that are already there may be written over.
struct ReplaceOptions: ParsableArguments {
  @Flag(help: "Replace output files that exist already.")
  var force = false
}
