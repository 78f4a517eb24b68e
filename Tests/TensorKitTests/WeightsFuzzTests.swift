import Files
import TensorKit
import TestSupport
import Testing

/// Spoilt files never crash a reader, hold it up or make it take much memory. `AESGRAD_FUZZ=20000` tries more of them.
@Suite struct WeightsFuzz {
  @Test("spoilt safetensors files") func safetensors() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try fuzz(seeds { $0.hasSuffix(".safetensors") } + Header.accepted.map(\.file)) { path in
        try readAll(try SafetensorsFile(path))
      }
    }
    expectPassed(result)
  }

  @Test("spoilt torch files in the zip layout") func zip() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try fuzz(seeds { $0.hasSuffix("pt") && !$0.contains("legacy") }) { path in try readAll(try TorchFile(path)) }
    }
    expectPassed(result)
  }

  // These have no checksums, so the faults reach the pickles.
  @Test("spoilt torch files in the legacy layout") func legacy() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try fuzz(seeds { $0.contains("legacy") }) { path in try readAll(try TorchFile(path)) }
    }
    expectPassed(result)
  }

  @Test("spoilt files of any kind, opened by their content") func any() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try fuzz(seeds { _ in true }, seed: 2) { path in try readAll(try WeightFile.open(path)) }
    }
    expectPassed(result)
  }
}

/// The fixtures whose names `wanted` takes, the bad ones too.
private func seeds(_ wanted: (String) -> Bool) throws -> [[UInt8]] {
  try (WeightsFixtures.accepted + WeightsFixtures.refused).filter(wanted).map { try WeightsFixtures.bytes($0) }
}

private func readAll(_ source: any WeightSource) throws {
  for name in source.names { _ = try source.tensor(name) }
}
