import Raster
import Testing

/// Settings in pictures, as AUTOMATIC1111's PNG Info writes and reads them (its wiki, "PNG info"; the names of the aesthetic
/// gradients extension).
@Suite struct GenerationTextTests {
  typealias Setting = GenerationText.Setting
  static let settings = [
    Setting("Steps", "20"), Setting("Sampler", "Euler a"), Setting("CFG scale", "7"), Setting("Seed", "1"),
  ]

  @Test("is written in its three parts")
  func writing() {
    let text = GenerationText(prompt: "a castle, 4k", negativePrompt: "blurry", settings: Self.settings)
    #expect(
      text.text == "a castle, 4k\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1")
    let plain = GenerationText(prompt: "x", settings: Self.settings)
    #expect(plain.text == "x\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1")
  }

  @Test("is read from other programs' pictures")
  func reading() {
    let text = GenerationText(
      "masterpiece, (a cat:1.2)\nsecond line\nNegative prompt: bad\nworse\n"
        + "Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 7.5, Seed: 3, Size: 512x768, Model hash: 6ce0161689, "
        + "Aesthetic LR: 0.0005, Aesthetic text: , Aesthetic slerp: False, Hashes: \"{\\\"model\\\": \\\"6ce0\\\"}\", "
        + "Lora hashes: \"a: 1, b: 2\", Version: v1.7.0")
    #expect(text.prompt == "masterpiece, (a cat:1.2)\nsecond line")
    #expect(text.negativePrompt == "bad\nworse")
    #expect(text.value("Sampler") == "DPM++ 2M Karras" && text.value("Size") == "512x768")
    #expect(text.value("Aesthetic LR") == "0.0005" && text.value("Aesthetic text") == "")
    #expect(text.value("Aesthetic slerp") == "False")
    #expect(text.value("Hashes") == "{\"model\": \"6ce0\"}" && text.value("Lora hashes") == "a: 1, b: 2")
    #expect(text.value("Version") == "v1.7.0" && text.value("Clip skip") == nil)
    #expect(text.settings.count == 12)
  }

  @Test("a last line with fewer than three settings is part of the prompt")
  func fewSettings() {
    let text = GenerationText("a cat\nSteps: 20, Seed: 1")
    #expect(text.prompt == "a cat\nSteps: 20, Seed: 1" && text.settings.isEmpty)
    #expect(GenerationText("").prompt == "" && GenerationText("\n\n").settings.isEmpty)
  }

  @Test(
    "whatever the prompts are, they come back",
    arguments: [
      ("a cat", ""), ("", ""), ("", "dog"), ("Steps: 3, Sampler: x, Seed: 1", "Steps: 3, Sampler: x, Seed: 1"),
      ("a\nNegative prompt: b", ""), ("Negative prompt: x", "y"), ("  spaces  ", "\ttab\n"), ("a\n\nb", "c\n\nd"),
      ("quotes \" and \\ back", "ünï😀"), ("x", "Negative prompt: y"), ("line\r\nline", "a\u{1}b"),
    ])
  func roundTrip(prompt: String, negative: String) {
    let text = GenerationText(prompt: prompt, negativePrompt: negative, settings: Self.settings)
    let read = GenerationText(text.text)
    #expect(read.prompt.unicodeScalars.elementsEqual(prompt.unicodeScalars))
    #expect(read.negativePrompt.unicodeScalars.elementsEqual(negative.unicodeScalars))
    #expect(read.settings == Self.settings)
  }

  @Test(
    "whatever a value is, it comes back",
    arguments: ["a, b", "a: b", "\"a\"", "a\nb", "", " a ", "\\", "{\"a\": 1}", "x\u{7}"])
  func values(value: String) {
    let settings = Self.settings + [Setting("Model", value), Setting("Version", "1")]
    #expect(GenerationText(GenerationText(prompt: "x", settings: settings).text).settings == settings)
  }

  @Test("a long line of anything is read in an instant")
  func hostile() {
    for text in [String(repeating: "a:", count: 200_000), String(repeating: "\"\\", count: 200_000)] {
      #expect(!GenerationText("x\n" + text).prompt.isEmpty)
    }
  }
}
