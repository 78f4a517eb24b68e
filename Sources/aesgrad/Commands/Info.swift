import ArgumentParser
import Files

struct Info: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what a file is, and what is wrong with it.",
    discussion: """
      Weight files (safetensors, .pt, .ckpt) of every kind that goes with Stable Diffusion, and pictures. Every number in \
      a file is read, and nothing in it executed.

      Example: aesgrad info mine.pt v1-5.safetensors picture.png
      """)

  @Argument(help: ArgumentHelp("The files.", valueName: "file"))
  var files: [PathArgument]

  @OptionGroup var output: OutputOptions

  func run() throws {
    var reports: [FileReport] = []
    var failures = Failures("files")
    for (index, file) in files.enumerated() {
      do {
        let report = try FileReport(of: file.path, quiet: output.quiet)
        reports.append(report)
        if !output.json { try Console.printLine((index > 0 ? "\n" : "") + report.text) }
      } catch let error as FileError {
        failures.add(error)
        reports.append(FileReport(failure: error))
      }
    }
    if output.json { try Console.printJSON(["files": reports]) }
    try failures.check(total: files.count)
  }
}
