import CLIPKit
import Files
import Raster
import SystemPackage
import TensorKit

/// What `info` says about a file. Members that do not apply to its kind are absent from the JSON.
struct FileReport: Encodable {
  var path: String
  var kind: String?
  var description: String?
  var format: String?
  var bytes: Int?
  var sha256: String?
  var weights: WeightReport?
  var picture: PictureReport?
  var warnings: [String] = []
  var error: String?

  /// Reads the file from its first byte to its last.
  init(of path: FilePath, quiet: Bool) throws {
    self.path = path.printable
    let file = try InputFile(path)
    bytes = file.count
    let sample = try file.read(at: 0, count: min(512, file.count))
    if (try? PictureFormat(of: sample)) != nil {
      let report = try PictureReport(of: path)
      picture = report
      (kind, description, format) = ("picture", report.description, report.format)
    } else {
      let source = try WeightFile.open(path)
      let found = WeightKind(of: source)
      let report = try WeightReport(of: source, found.kind, quiet: quiet)
      weights = report
      warnings = report.warnings
      (kind, description, format) = (found.kind.rawValue, found.description, source.format)
    }
    sha256 = try file.sha256(quiet: quiet)
  }

  /// What there is to say about a file that is broken, or none.
  init(failure: FileError) {
    path = failure.path.printable
    error = failure.problem
  }

  /// The report for people to read: the path, and a line for everything known.
  var text: String {
    var rows: [(String, String)] = [("what", description ?? ""), ("format", format ?? "")]
    rows += weights?.rows ?? picture?.rows ?? []
    rows += [("size", "\(bytes ?? 0) bytes"), ("sha256", sha256 ?? "")]
    rows += warnings.map { ("warning", $0) }
    let width = (rows.map(\.0.count).max() ?? 0) + 2
    return
      ([path]
      + rows.map { name, value in
        let indent = "  " + name + String(repeating: " ", count: width - name.count)
        let next = "\n" + String(repeating: " ", count: width + 2)
        return indent + value.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: next)
      }).joined(separator: "\n")
  }
}
