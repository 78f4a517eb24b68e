import Aesthetic
import ArgumentParser
import Files

struct ProfileExport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a whole profile to a file.",
    discussion: """
      History, small pictures, features, all that was learned and the deltas: `aesgrad profile import` reads it back on \
      another machine with nothing missing. The pictures' own files are not in it.

      Example: aesgrad profile export warm -o warm.aesgrad
      """)

  @Argument(help: "The profile.")
  var name: ProfileName

  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file"))
  var out: PathArgument

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var replacing: ReplaceOptions

  func run() throws {
    let store = try store.open()
    let profile = try store.profile(name)
    try Interruption.whileWriting {
      try OutputFile.write(to: out.path, replacing: replacing.force) { file in
        try store.export(profile, to: file.temporary)
      }
    }
    if output.json { return try Console.printJSON(["profile": profile.name, "out": out.path.printable]) }
    try Console.printLine("\(out.path.printable): the profile \(profile.name)")
  }
}
