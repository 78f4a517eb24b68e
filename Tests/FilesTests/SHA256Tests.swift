import Files
import Testing

@Suite("SHA-256")
struct SHA256Tests {
  // Each value is what coreutils' sha256sum prints: printf %s … | sha256sum; head -c N /dev/zero | sha256sum.
  @Test(
    "The hash is that of sha256sum",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
  func known(text: String, expected: String) {
    var hash = SHA256()
    hash.update(Array(text.utf8).span)
    #expect(hash.finish() == expected)
  }

  // The lengths at which the padding takes a block more, and around it.
  @Test(
    "Every way the end falls on a block's border is right",
    arguments: [
      (55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"),
      (56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"),
      (63, "c7723fa1e0127975e49e62e753db53924c1bd84b8ac1ac08df78d09270f3d971"),
      (64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"),
      (119, "f616b0d54e78571a9611f343c9f8e022e859e920381ab0e4d3da01e193a7bd7e"),
      (1000, "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53"),
    ])
  func borders(count: Int, expected: String) {
    var hash = SHA256()
    hash.update([UInt8](repeating: 0, count: count).span)
    #expect(hash.finish() == expected)
  }

  @Test("How the bytes are cut into pieces makes no difference", arguments: [1, 3, 63, 64, 65, 200])
  func pieces(length: Int) {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    var whole = SHA256()
    whole.update(bytes.span)
    var hash = SHA256()
    for start in stride(from: 0, to: bytes.count, by: length) {
      hash.update(bytes.span.extracting(start..<min(start + length, 1000)))
    }
    #expect(hash.finish() == whole.finish())
  }
}
