import ArgumentParser

@main
struct Aesgrad: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aesgrad",
    abstract: "Learns a person's taste in pictures and applies it to Stable Diffusion.",
    discussion: "Everything runs on this machine; nothing is ever downloaded.",
    version: "0.1.0",
    subcommands: [
      Info.self, Tokenize.self, Embed.self, Encode.self, Personalize.self, ProfileCommand.self, Rate.self, Undo.self,
      Learn.self, Generate.self, Grid.self, Rank.self, Next.self, Compare.self, Export.self, Import.self, Demo.self,
      Bench.self,
    ])

  static func main() {
    Interruption.install()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      Failure(error).exit()
    }
  }
}
