import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The frame of the command line")
struct FrameTests {
  @Test(
    "Wrong usage is one line, the way to the help, and 64",
    arguments: [
      ([], "Missing expected argument '<file> ...'"),
      (["--bad", "x"], "Unknown option '--bad'"),
    ])
  func usage(arguments: [String], problem: String) throws {
    let outcome = try Program.run(["info"] + arguments)
    outcome.expectFailure(64, problem, hint: "aesgrad info --help explains the usage")
  }

  @Test("An unknown command points to the list of commands")
  func unknownCommand() throws {
    let outcome = try Program.run(["paint"])
    outcome.expectFailure(64, "Unexpected argument 'paint'", hint: "aesgrad --help explains the usage")
  }

  @Test("The version goes to standard output")
  func version() throws {
    let outcome = try Program.run(["--version"])
    #expect(outcome.code == 0 && outcome.errors == "")
    #expect(outcome.output == "0.1.0\n")
  }

  @Test("Where standard output is closed, the program ends without a word")
  func closedOutput() throws {
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let outcome = try Program.run(["--help"], prepare: { $0.standardOutput = pipe.fileHandleForWriting })
    #expect(outcome.code == 0)
    #expect(outcome.errors == "")
  }

  @Test("Where standard output is full, that is an error of its own")
  func fullOutput() throws {
    let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    let outcome = try Program.run(["--help"], prepare: { $0.standardOutput = full })
    outcome.expectFailure(74, "standard output: cannot be written (No space left on device)")
  }
}
