import Aesthetic
import Foundation
import Synchronization
import TensorKit

/// What one simulated person is asked, and how well their taste is known after so many answers.
struct Session: Sendable {
  private(set) var answers: [Answer] = []
  /// Pairs of unseen pictures with the true answers.
  let exam: [Answer]
  /// The share of the exam that the taste learned from the first so many answers gets right.
  private(set) var accuracy: [Int: Double] = [:]

  private static let examLength = 1000

  /// Asks `person` about pairs, drawn at random or, with `choosing`, those most worth asking, and learns at every one of
  /// `sizes`.
  init(_ person: Person, _ pool: Pool, sizes: [Int], errors: Double, choosing: Bool, seed: UInt64) {
    var random = SplitMix(state: seed)
    func pair(_ pictures: [Int], _ random: inout SplitMix) -> (Int, Int) {
      let first = pictures.randomElement(using: &random) ?? 0
      while true {
        let second = pictures.randomElement(using: &random) ?? 0
        if second != first, person.utilities[first] != person.utilities[second] { return (first, second) }
      }
    }
    exam = (0..<Self.examLength).map { _ in
      let (first, second) = pair(pool.unseen, &random)
      return person.answer(first, second, errors: 0, &random)
    }
    for count in 1...(sizes.max() ?? 1) {
      let (first, second) = choosing ? proposal(pool) : pair(pool.rated, &random)
      answers.append(person.answer(first, second, errors: errors, &random))
      if sizes.contains(count) { accuracy[count] = accuracy(Self.taste(answers[...], pool), pool) }
    }
  }

  /// The pair that `next` would ask about.
  private func proposal(_ pool: Pool) -> (Int, Int) {
    // From the same pictures as pairs at random.
    let (candidates, sights) = (pool.rated, pool.ratedSights)
    let taste = answers.isEmpty ? Taste(sights, judgements: []) : Self.taste(answers[...], pool)
    guard let best = taste.proposals(sights, asked: Self.asked(answers, among: candidates)).first else {
      return (candidates[0], candidates[1])
    }
    return (candidates[best.first], candidates[best.second])
  }

  private static func taste(_ answers: ArraySlice<Answer>, _ pool: Pool) -> Taste {
    Taste(
      pool.sights,
      judgements: answers.map { Judgement(picture: $0.winner, verdict: .preferred(over: $0.loser)) })
  }

  /// The pairs that have been asked about, as places among `pictures`.
  private static func asked(_ answers: [Answer], among pictures: [Int]) -> Set<Set<Int>> {
    let places = Dictionary(uniqueKeysWithValues: pictures.enumerated().map { ($1, $0) })
    return Set(
      answers.compactMap { answer in
        guard let first = places[answer.winner], let second = places[answer.loser] else { return nil }
        return [first, second]
      })
  }

  private func accuracy(_ taste: Taste, _ pool: Pool) -> Double {
    let utilities = taste.utilities(pool.sights)
    let right = exam.reduce(0.0) { sum, answer in
      let difference = utilities[answer.winner] - utilities[answer.loser]
      return sum + (difference > 0 ? 1 : difference == 0 ? 0.5 : 0)
    }
    return right / Double(exam.count)
  }
}

/// Sessions with several people, and how they go on average.
struct Sessions: Sendable {
  let all: [Session]

  init(_ people: [Person], _ pool: Pool, sizes: [Int], errors: Double = 0, choosing: Bool = false) {
    all = inParallel(people.count) { index in
      Session(people[index], pool, sizes: sizes, errors: errors, choosing: choosing, seed: 1000 + UInt64(index))
    }
  }

  /// The mean accuracy after so many answers, and its standard error.
  var means: [(size: Int, mean: Double, error: Double)] {
    guard let sizes = all.first?.accuracy.keys.sorted() else { return [] }
    return sizes.map { size in
      let values = all.compactMap { $0.accuracy[size] }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, values.count - 1))
      return (size, mean, (variance / Double(values.count)).squareRoot())
    }
  }

  /// After how many answers the mean accuracy reaches `accuracy`: between the sizes measured, on a straight line over the
  /// logarithm of the number; nil if it does not.
  func answers(toReach accuracy: Double) -> Double? {
    let means = means
    guard let above = means.firstIndex(where: { $0.mean >= accuracy }) else { return nil }
    guard above > 0 else { return Double(means[0].size) }
    let (low, high) = (means[above - 1], means[above])
    let share = (accuracy - low.mean) / (high.mean - low.mean)
    return Double(low.size) * pow(Double(high.size) / Double(low.size), share)
  }
}

/// The results of `body` for 0..<`count`, several at a time.
private func inParallel<Value: Sendable>(_ count: Int, _ body: @Sendable (Int) -> Value) -> [Value] {
  let slots = Mutex([Int: Value]())
  parallel(count, piecesPerThread: 8) { range in
    for index in range {
      let value = body(index)
      slots.withLock { $0[index] = value }
    }
  }
  return slots.withLock { slots in (0..<count).compactMap { slots[$0] } }
}
