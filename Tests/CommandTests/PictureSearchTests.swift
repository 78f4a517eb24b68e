import Files
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Finding pictures")
struct PictureSearchTests {
  @Test("Folders are walked in byte order; links, pipes and odd names do no harm; each file counts once")
  func walk() throws {
    try withModelFolder { model, folder in
      let root = folder.appending("root")
      try FileManager.default.createDirectory(atPath: root.string + "/sub/x.png", withIntermediateDirectories: true)
      let good = fixture("gallery/d.png")
      // A picture in a folder with a picture's name; composed and decomposed names, equal as Swift strings.
      for name in ["b.PNG", "a.png", ".hidden.png", "sub/x.png/in.jpeg", "\u{E9}.png", "e\u{301}.png", "a b\n.png"] {
        try FileManager.default.copyItem(atPath: good, toPath: root.string + "/" + name)
      }
      // A name that is no text.
      let bytes: [UInt8] = Array((root.string + "/").utf8) + [0xFF] + Array(".png".utf8)
      let path = bytes.map { CChar(bitPattern: $0) } + [0]
      try unsafe path.withUnsafeBufferPointer { name in
        guard let start = name.baseAddress else { return }
        let descriptor = unsafe open(start, O_WRONLY | O_CREAT, 0o600)
        let content = [UInt8](try Data(contentsOf: URL(filePath: good)))
        _ = unsafe write(descriptor, content, content.count)
        close(descriptor)
      }
      #expect(unsafe symlink("..", root.string + "/sub/up") == 0)  // a loop
      #expect(unsafe symlink("a.png", root.string + "/z.png") == 0)  // the same file again
      #expect(unsafe mkfifo(root.string + "/pipe", 0o600) == 0)  // no picture's name: of no interest

      let outcome = try Program.run(["embed", root.string, root.string + "/a.png", "--clip", model, "--json"])
      #expect(outcome.code == 0 && outcome.errors == "")
      let json = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
      let expected = ["a b\\x0a.png", "a.png", "b.PNG", "e\u{301}.png", "sub/x.png/in.jpeg", "\u{E9}.png", "\\xff.png"]
      let found = try #require(json["pictures"] as? [String])
      #expect(found.map { Array($0.utf8) } == expected.map { Array((root.string + "/" + $0).utf8) })
    }
  }

  @Test("A pipe and a link to nowhere with a picture's name are named, and do not block")
  func notFiles() throws {
    try withModelFolder { model, folder in
      let root = folder.appending("root")
      try FileManager.default.createDirectory(atPath: root.string, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: fixture("gallery/d.png"), toPath: root.string + "/a.png")
      #expect(unsafe mkfifo(root.string + "/pipe.png", 0o600) == 0)
      #expect(unsafe symlink("nothing", root.string + "/gone.png") == 0)
      let outcome = try Program.run(["embed", root.string, "--clip", model])
      #expect(outcome.code == 3)
      #expect(
        outcome.errorLines == [
          "error: \(root)/gone.png: leads nowhere", "error: \(root)/pipe.png: is not a regular file",
          "error: 2 of 3 pictures failed",
        ])
    }
  }

  @Test("A name given on the command line may be no text")
  func argument() throws {
    try withModelFolder { model, folder in
      try FileManager.default.copyItem(atPath: fixture("gallery/d.png"), toPath: folder.string + "/x.png")
      // Only a shell can pass such an argument.
      let script =
        "mv \"$1/x.png\" \"$1/$(printf '\\377').png\" && exec \"$2\" embed \"$1/$(printf '\\377').png\" --clip \"$3\""
      let outcome = try Program.run(
        [],
        prepare: { process in
          let program = try #require(process.executableURL).path
          process.executableURL = URL(filePath: "/bin/sh")
          process.arguments = ["-c", script, "sh", folder.string, program, model]
        })
      #expect(outcome.code == 0 && outcome.errors == "")
      #expect(outcome.output.hasPrefix("1 picture, width 24"))
    }
  }
}
