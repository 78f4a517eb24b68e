import ArgumentParser

struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "People's tastes: makes, shows and moves profiles.",
    discussion: """
      A profile is a person's taste under a name: every rating ever given, and what was learned from them.

      Example: aesgrad profile create warm
      """,
    subcommands: [
      ProfileCreate.self, ProfileList.self, ProfileShow.self, ProfileHistory.self, ProfileRename.self, ProfileCopy.self,
      ProfileDelete.self, ProfileBlend.self, ProfileExport.self, ProfileImport.self, ProfileRebuild.self,
    ])
}
