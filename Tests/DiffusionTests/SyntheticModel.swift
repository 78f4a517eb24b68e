import Diffusion
import Files
import SystemPackage
import TestSupport

extension SyntheticModel {
  /// The shapes of both parts, read from their config.json.
  func configurations() throws -> (unet: UNetConfiguration, vae: VAEConfiguration) {
    try withTemporaryFolder { folder in
      func file(_ part: String) throws -> ConfigurationFile {
        try writeConfiguration(of: part, to: folder.appending(part))
        return try ConfigurationFile(folder.appending(part).appending("config.json"))
      }
      return (try UNetConfiguration(file: file("unet")), try VAEConfiguration(file: file("vae")))
    }
  }
}
