import ArgumentParser
import SystemPackage

/// Which models, and how many threads.
struct ModelOptions: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "The Stable Diffusion model.",
      discussion: """
        A diffusers folder, a single-file checkpoint, or a name such as org/name in the local Hugging Face cache. \
        Otherwise $AESGRAD_MODEL.
        """, valueName: "model"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "The CLIP model: image encoder, projections, tokenizer.",
      discussion: """
        A folder or a name in the local Hugging Face cache. Otherwise $AESGRAD_CLIP, the one in the model's folder, or \
        openai/clip-vit-large-patch14 in the cache.
        """, valueName: "model"))
  var clip: String?

  @Option(help: ArgumentHelp("How many threads to use; otherwise as many as there are cores.", valueName: "count"))
  var threads: Int?

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads \(threads): at least 1 is needed") }
  }
}

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
