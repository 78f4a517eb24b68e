package import Aesthetic
import ArgumentParser
import Files
import Foundation
import SystemPackage

/// Which database holds the profiles.
struct StoreOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The database with the profiles.",
      discussion: "Otherwise $AESGRAD_DB, or aesgrad/aesgrad.sqlite in $XDG_DATA_HOME, mostly ~/.local/share.",
      valueName: "file"))
  var db: PathArgument?

  /// Opens the database; one that is not there yet is made if `creating`.
  func open(creating: Bool = false) throws(FileError) -> Store {
    let variables = ProcessInfo.processInfo.environment
    if let path = db?.path ?? Self.path("AESGRAD_DB", variables) { return try Store(path, creating: creating) }
    // A relative path there is to be passed over (XDG Base Directory Specification 0.8).
    let data = Self.path("XDG_DATA_HOME", variables).flatMap { $0.isAbsolute ? $0 : nil }
    let home = Self.path("HOME", variables).map { $0.appending(".local").appending("share") }
    guard let folder = data ?? home else {
      throw FileError(.missing, "aesgrad.sqlite", "has no place: HOME is not set", hint: "--db names a database")
    }
    let path = folder.appending("aesgrad").appending("aesgrad.sqlite")
    if creating { try Self.makeFolder(path.removingLastComponent()) }
    return try Store(path, creating: creating)
  }

  /// Opens the database if there is one; that which --db names must be there.
  func openIfPresent() throws(FileError) -> Store? {
    do throws(FileError) { return try open() } catch {
      if error.kind == .missing, db == nil { return nil }
      throw error
    }
  }

  private static func path(_ name: String, _ variables: [String: String]) -> FilePath? {
    variables[name].flatMap { $0.isEmpty ? nil : FilePath($0) }
  }

  /// Makes a folder that is its owner's alone, and those above it.
  private static func makeFolder(_ path: FilePath) throws(FileError) {
    do {
      try FileManager.default.createDirectory(
        atPath: path.string, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw FileError(
        .cannotCreate, path, "cannot be made (\(error.localizedDescription))", hint: "--db names a database")
    }
  }
}

/// Which profile.
struct ProfileOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The profile.", valueName: "name"))
  var profile: ProfileName

  @OptionGroup var store: StoreOptions
}

extension ProfileName: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}
