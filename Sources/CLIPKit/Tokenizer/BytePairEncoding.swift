/// Merges the bytes of a word into vocabulary entries.
///
/// Always the pair of neighbours whose merge stands highest in the list, the leftmost of several. A queue holds the
/// candidates, so that a word of n bytes takes n log n steps, however long it is; a candidate whose symbols have changed
/// since it was queued is noticed when its turn comes.
struct BytePairEncoding {
  let vocabulary: Vocabulary
  private var symbols: [Symbol] = []
  private var queue = MergeQueue()

  private struct Symbol {
    var id: Int32
    var previous: Int
    var next: Int
  }

  /// An encoder that uses `vocabulary`.
  init(vocabulary: Vocabulary) { self.vocabulary = vocabulary }

  /// Adds the ids of `word` to `ids`.
  mutating func append(word: ArraySlice<Unicode.Scalar>, to ids: inout [Int]) {
    read(word)
    for index in symbols.indices.dropLast() { propose(index) }
    while let merge = queue.popFirst() { apply(merge) }
    var index = symbols.isEmpty ? -1 : 0
    while index >= 0 {
      ids.append(Int(symbols[index].id))
      index = symbols[index].next
    }
  }

  private mutating func read(_ word: ArraySlice<Unicode.Scalar>) {
    let bytes = word.utf8
    symbols.removeAll(keepingCapacity: true)
    for (position, byte) in bytes.enumerated() {
      let isLast = position == bytes.count - 1
      let id = vocabulary.id(ofByte: byte, endingWord: isLast)
      symbols.append(Symbol(id: id, previous: position - 1, next: isLast ? -1 : position + 1))
    }
  }

  /// Queues the merge of the symbol at `index` with the next one, if there is such a merge.
  private mutating func propose(_ index: Int) {
    let next = symbols[index].next
    guard let merge = vocabulary.merge(symbols[index].id, symbols[next].id) else { return }
    queue.insert(MergeQueue.Candidate(rank: merge.rank, position: Int32(index), result: merge.result))
  }

  private mutating func apply(_ candidate: MergeQueue.Candidate) {
    let index = Int(candidate.position)
    let next = symbols[index].next
    // Taken up by its left neighbour, or the last, or no longer the pair that was queued.
    guard symbols[index].id >= 0, next >= 0,
      let merge = vocabulary.merge(symbols[index].id, symbols[next].id), merge.result == candidate.result
    else { return }
    let following = symbols[next].next
    symbols[index].id = merge.result
    symbols[index].next = following
    symbols[next].id = -1
    if following >= 0 {
      symbols[following].previous = index
      propose(index)
    }
    if symbols[index].previous >= 0 { propose(symbols[index].previous) }
  }
}

/// Candidates for merging, the lowest rank first, then the leftmost.
struct MergeQueue {
  /// Two neighbours that could become one.
  struct Candidate {
    var rank: Int32
    var position: Int32
    var result: Int32
    fileprivate var key: UInt64 { UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(UInt32(bitPattern: position)) }
  }

  // A binary heap: the children of entry i are 2i+1 and 2i+2 and never come before it.
  private var heap: [Candidate] = []

  /// Adds a candidate.
  mutating func insert(_ candidate: Candidate) {
    var index = heap.count
    heap.append(candidate)
    while index > 0, heap[index].key < heap[(index - 1) / 2].key {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  /// Takes out the candidate whose turn it is.
  mutating func popFirst() -> Candidate? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var index = 0
    while true {
      var smallest = index
      for child in 2 * index + 1...2 * index + 2 where child < heap.count {
        if heap[child].key < heap[smallest].key { smallest = child }
      }
      guard smallest != index else { return first }
      heap.swapAt(index, smallest)
      index = smallest
    }
  }
}
