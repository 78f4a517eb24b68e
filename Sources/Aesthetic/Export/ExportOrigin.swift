package import Files

/// What an exported file says about where it comes from.
package struct ExportOrigin: Sendable {
  /// The profile, and the version of its aesthetic.
  package var profile: String
  package var version: Int
  /// The SHA-256 of the aesthetic, `Aesthetic.hash`.
  package var aesthetic: String
  /// What the delta's text encoder was called, and its fingerprint; nil where there is no delta in the file.
  package var base: (name: String, fingerprint: String)?
  /// The SHA-256 of the delta, `Delta.hash`; likewise.
  package var delta: String?

  /// Where something of a version of a profile's aesthetic comes from.
  package init(profile: Profile, version: AestheticVersion) {
    self.profile = profile.name
    self.version = version.version
    aesthetic = version.aesthetic.hash
  }

  /// As metadata of a safetensors file.
  package var metadata: [ByteString: ByteString] {
    var metadata: [ByteString: ByteString] = [
      "format": "pt", "aesgrad.profile": ByteString(profile), "aesgrad.version": "\(version)",
      "aesgrad.aesthetic_sha256": ByteString(aesthetic),
    ]
    metadata["aesgrad.base"] = base.map { ByteString($0.name) }
    metadata["aesgrad.base_fingerprint"] = base.map { ByteString($0.fingerprint) }
    metadata["aesgrad.delta_sha256"] = delta.map { ByteString($0) }
    return metadata
  }

  /// The same for a network of kohya's kind with these tensors: with what kohya-ss/sd-scripts writes (`ss_…`,
  /// `sshs_…`), which AUTOMATIC1111 shows and knows a file again by, and Stability AI's model specification 1.0.1
  /// (`modelspec.…`).
  package func metadata(
    ofNetwork module: ByteString, dimension: Int?, precision: ByteString, dataHash: String
  ) -> [ByteString: ByteString] {
    let rank = dimension.map { ByteString("\($0)") }
    var network: [ByteString: ByteString] = [
      "ss_output_name": ByteString(profile), "ss_network_module": module, "ss_base_model_version": "sd_v1",
      "ss_v2": "False", "ss_mixed_precision": precision,
      "ss_training_comment": ByteString("the taste of the profile \(profile), version \(version)"),
      "sshs_model_hash": ByteString(dataHash), "modelspec.sai_model_spec": "1.0.1",
      "modelspec.architecture": "stable-diffusion-v1/lora", "modelspec.resolution": "512x512",
      "modelspec.implementation": "https://github.com/Stability-AI/generative-models",
      "modelspec.title": ByteString(profile),
    ]
    network["ss_network_dim"] = rank
    network["ss_network_alpha"] = rank
    network["ss_sd_model_name"] = base.map { ByteString($0.name) }
    return network.merging(metadata) { $1 }
  }
}
