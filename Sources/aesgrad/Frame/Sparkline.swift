/// A curve in one line of text, such as `▁▂▄▆▇█`.
///
/// The lowest value gets the lowest block and the highest the highest; where all are equal the line is flat and low. Not
/// a number shows as a gap.
func sparkline(_ values: [Float]) -> String {
  let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
  let finite = values.filter(\.isFinite)
  guard let lowest = finite.min(), let highest = finite.max() else {
    return String(repeating: " ", count: values.count)
  }
  // In double precision, where the difference of any two floats is finite.
  let range = Double(highest) - Double(lowest)
  return String(
    values.map { value in
      guard value.isFinite else { return " " }
      let share = range > 0 ? (Double(value) - Double(lowest)) / range : 0
      return blocks[Int((share * 7).rounded())]
    })
}
