import ArgumentParser

@main
struct Aesgrad: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aesgrad", abstract: "Learns a person's taste in pictures and applies it to Stable Diffusion.")
}
