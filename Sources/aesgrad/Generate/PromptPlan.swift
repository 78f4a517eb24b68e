import CLIPKit
import Diffusion
import TensorKit

/// What a prompt and a negative prompt say at each step: parts joined by `AND`, and schedules, as in AUTOMATIC1111.
struct PromptPlan {
  /// What they say at a step.
  struct Moment: Hashable {
    let parts: [PromptPart]
    let negative: String
  }

  /// Each different moment once.
  private let moments: [Moment]
  /// The number of every step's moment.
  private let order: [Int]
  /// Whether conditionings are mixed instead of answers.
  private let isMixed: Bool

  /// The plan of these settings, for prompts that ask for no files any more.
  init(_ settings: GenerationSettings, prompt: String, negativePrompt: String) {
    let steps = settings.picture.steps
    isMixed = settings.isMixed
    let parts = PromptPart.parts(of: prompt).map { part in
      (weight: part.weight, schedule: PromptSchedule(part.text, steps: steps))
    }
    let negative = PromptSchedule(negativePrompt, steps: steps)
    var (moments, order): ([Moment], [Int]) = ([], [])
    var numbers: [Moment: Int] = [:]
    for step in 1...steps {
      let moment = Moment(
        parts: parts.map { PromptPart(text: $0.schedule.text(at: step), weight: $0.weight) },
        negative: negative.text(at: step))
      let number = numbers[moment] ?? moments.count
      if number == moments.count { moments.append(moment) }
      numbers[moment] = number
      order.append(number)
    }
    (self.moments, self.order) = (moments, order)
  }

  /// The conditionings of the plan, [tokens, width] each, given those of its texts. Shorter ones are filled up with
  /// `empty`, that of an empty text, as AUTOMATIC1111 does on request: all must be of one length.
  func guidance(
    scale: Double, empty: Tensor, positive: (String) throws -> Tensor, negative: (String) throws -> Tensor
  ) rethrows -> Guidance {
    let encoded = try moments.map { moment in
      (parts: try moment.parts.map { try positive($0.text) }, negative: try negative(moment.negative))
    }
    let length = encoded.flatMap { $0.parts + [$0.negative] }.map(\.rows).max() ?? 0
    func filled(_ conditioning: Tensor) -> Tensor {
      let chunks = (length - conditioning.rows) / empty.rows
      return Tensor.concatenated([conditioning] + Array(repeating: empty, count: chunks))
    }
    let result = zip(moments, encoded).map { moment, encoded in
      let parts = zip(moment.parts, encoded.parts).map { Guidance.Part(filled($1), weight: $0.weight) }
      return Guidance.Moment(isMixed ? [Self.mixture(parts)] : parts, negative: filled(encoded.negative))
    }
    return Guidance(result, order: order, scale: scale)
  }

  /// The mean of the conditionings by weight: a text between them. The weights' sum is not 0.
  private static func mixture(_ parts: [Guidance.Part]) -> Guidance.Part {
    let sum = parts.reduce(0) { $0 + $1.weight }
    var mixture = Tensor(zeros: parts[0].conditioning.shape)
    for part in parts { mixture.add(Float(part.weight / sum), times: part.conditioning) }
    return Guidance.Part(mixture)
  }
}
