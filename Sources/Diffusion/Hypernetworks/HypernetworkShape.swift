import Files
import TensorKit

/// How the perceptrons of a hypernetwork are built. What the file does not say is as in AUTOMATIC1111's web interface.
struct HypernetworkShape: Sendable {
  /// The width of the input and of what each linear map gives, in widths of the input.
  private(set) var structure = [1.0, 2, 1]
  /// Nil for none.
  private(set) var activation: PointwiseActivation?
  /// Whether the last map is followed by the activation, too.
  private(set) var activatesOutput = true
  private(set) var hasNorms = false
  /// Whether a dropout layer stands behind each map; it does nothing here, but is counted.
  private(set) var dropouts: [Bool] = []

  init(_ source: some WeightSource) throws(FileError) {
    let metadata = source.metadata
    func fault(_ name: ByteString, _ expected: String) -> FileError {
      FileError(.malformed, source.path, "has \"\(metadata[name] ?? "")\" for \(name); \(expected) was expected")
    }
    func numbers(_ name: ByteString) throws(FileError) -> [Double]? {
      guard let text = metadata[name] else { return nil }
      let elements = (try? JSON(parsing: text.bytes))?.array
      let values = elements?.compactMap(\.double)
      guard let values, values.count == elements?.count, values.allSatisfy({ $0.isFinite && (0...64).contains($0) })
      else {
        throw fault(name, "a list of numbers from 0 to 64")
      }
      return values
    }
    func flag(_ name: ByteString, default: Bool) throws(FileError) -> Bool {
      switch metadata[name] {
      case nil: return `default`
      case "true", "1": return true
      case "false", "0": return false
      default: throw fault(name, "true or false")
      }
    }
    if let found = try numbers("layer_structure") {
      guard (2...16).contains(found.count), found.first == 1, found.last == 1, found.allSatisfy({ $0 > 0 }) else {
        throw fault("layer_structure", "a list that begins and ends with 1, such as [1, 2, 1],")
      }
      structure = found
    }
    if let name = metadata["activation_func"], name != "linear" {
      guard let found = name.string.flatMap({ PointwiseActivation(rawValue: $0.lowercased()) }) else {
        throw fault("activation_func", "a function of single numbers, such as relu,")
      }
      activation = found
    }
    activatesOutput = try flag("activate_output", default: true)
    hasNorms = try flag("is_layer_norm", default: false)
    let last = structure.count - 2  // the number of the last map
    if let shares = try numbers("dropout_structure") {
      guard shares.count == structure.count else { throw fault("dropout_structure", "\(structure.count) numbers") }
      dropouts = shares.dropFirst().map { $0 > 0 }
    } else {
      let drops = try flag("use_dropout", default: false)
      let dropsBeforeLast = try flag("last_layer_dropout", default: false)
      dropouts = (0...last).map { drops && ($0 < last - 1 || dropsBeforeLast && $0 < last) }
    }
  }
}
