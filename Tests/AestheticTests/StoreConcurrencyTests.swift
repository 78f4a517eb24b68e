import Aesthetic
import Files
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Two programs at once")
struct StoreConcurrencyTests {
  @Test("Two processes that rate a thousand times each lose nothing and fail nowhere", .timeLimit(.minutes(2)))
  func rating() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "aesgrad-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "a.sqlite").path
    let store = try Store(FilePath(path), creating: true)
    let profile = try store.createProfile(StoreFixture.name("warm"))
    try store.add((0...1).map(StoreFixture.picture))
    func rate(_ picture: Int) async {
      await #expect(processExitsWith: .success) { [path = path as String, picture = picture as Int] in
        let store = try Store(FilePath(path))
        let profile = try store.profile(StoreFixture.name("warm"))
        // Each waits until the other has started.
        try Data().write(to: URL(filePath: path + " \(picture)"))
        while !FileManager.default.fileExists(atPath: path + " \(1 - picture)") { usleep(1000) }
        for number in 0..<1000 {
          try store.rate(
            profile, [StoreFixture.rating(picture, number % 2 == 0 ? .like : .dislike)], pictures: [],
            source: "\(picture)")
        }
      }
    }
    async let first: Void = rate(0)
    async let second: Void = rate(1)
    _ = await (first, second)
    let history = try store.history(profile)
    #expect(history.count == 2000)
    #expect(history.count { $0.source == "0" } == 1000)
  }
}
