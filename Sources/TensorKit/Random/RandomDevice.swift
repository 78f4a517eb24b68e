/// Whose random numbers are drawn for a seed: those that `torch.randn` gives on that device.
package enum RandomDevice: String, Hashable, Sendable, CaseIterable {
  case cpu
  case cuda

  /// The stream of a seed.
  package func source(seed: UInt64) -> any NormalSource {
    switch self {
    case .cpu: TorchNormals(seed: seed)
    case .cuda: PhiloxNormals(seed: seed)
    }
  }
}
