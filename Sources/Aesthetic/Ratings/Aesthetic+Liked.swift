package import TensorKit

extension Aesthetic {
  /// The paper's aesthetic of what was liked: the mean of the raw features of pictures with a like, or four or five stars,
  /// each as often as its weight says. Nil if there are none, or if their mean has no direction.
  package init?(meanOfLiked judgements: [Judgement], features: Tensor) {
    let liked = judgements.filter(\.isLiking)
    let total = liked.reduce(0) { $0 + $1.weight }
    guard total > 0 else { return nil }
    let width = features.width
    var sums = [Double](repeating: 0, count: width)
    for judgement in liked {
      let row = features.rows(judgement.picture..<judgement.picture + 1).elements
      for column in 0..<width { sums[column] += judgement.weight * Double(row[column]) }
    }
    self.init(mean: Tensor(sums.map { Float($0 / total) }, shape: [width]))
  }
}

extension Judgement {
  /// Whether a picture is said to be liked, by itself.
  package var isLiking: Bool {
    switch verdict {
    case .like: true
    case .stars(let count): count >= 4
    case .dislike, .preferred, .skip: false
    }
  }
}
