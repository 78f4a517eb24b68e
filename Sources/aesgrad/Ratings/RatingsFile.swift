import Files
import SystemPackage

/// Ratings in a file: a table as CSV (RFC 4180) whose first line names the columns, or JSON objects, one a line. Which of
/// them it is, the first character says.
struct RatingsFile {
  /// A line's place in the file, and what it says.
  private(set) var lines: [(number: Int, rating: RatingLine)] = []
  /// What is wrong, line by line.
  private(set) var failures: [FileError] = []
  private let path: FilePath
  private let folder: FilePath

  /// The longest file that is read, in bytes: some five million ratings.
  private static let limit = 1 << 28

  /// Reads the file at `path`. Pictures are named from its folder on.
  init(_ path: FilePath) throws(FileError) {
    self.path = path
    folder = path.removingLastComponent()
    var bytes = try InputFile(path).readAll(limit: Self.limit)
    // What Excel writes before UTF-8.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    let first = bytes.first { ![0x20, 9, 10, 13].contains($0) }
    if first == UInt8(ascii: "{") { readObjects(bytes) } else { try readTable(bytes) }
    if lines.isEmpty, failures.isEmpty { throw FileError(.malformed, path, "holds no ratings") }
  }

  private mutating func add(_ fields: [ByteString: ByteString], line: Int) {
    do throws(RatingLineError) {
      lines.append((line, try RatingLine(fields, folder: folder)))
    } catch { fail(line, error.problem) }
  }

  private mutating func fail(_ line: Int, _ problem: String) {
    failures.append(FileError(.malformed, path, "line \(line) \(problem)"))
  }

  private mutating func readTable(_ bytes: [UInt8]) throws(FileError) {
    var table = CSVReader(bytes)
    guard let header = try? table.next(), Set(["picture", "kind"]).isSubset(of: header.fields) else {
      throw FileError(
        .malformed, path, "begins with no line that names the columns picture and kind",
        hint: "picture,kind,value,over,weight are the columns, the last three as far as they are needed")
    }
    for name in header.fields where !RatingLine.columns.contains(name) || header.fields.count(of: name) > 1 {
      throw FileError(
        .malformed, path, "has a column \"\(name)\" that is unknown or there twice",
        hint: "picture, kind, value, over and weight are known")
    }
    while true {
      do throws(CSVReader.Fault) {
        guard let row = try table.next() else { break }
        // An empty line at the end, or between.
        if row.fields == [""] { continue }
        guard row.fields.count == header.fields.count else {
          fail(row.line, "has \(row.fields.count) fields, the first line \(header.fields.count)")
          continue
        }
        add(Dictionary(uniqueKeysWithValues: zip(header.fields, row.fields)), line: row.line)
      } catch {
        fail(error.line, error.problem)
        break
      }
    }
  }

  private mutating func readObjects(_ bytes: [UInt8]) {
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      if line.allSatisfy({ [0x20, 9, 13].contains($0) }) { continue }
      do throws(JSONError) {
        guard let object = try JSON(parsing: Array(line)).object else {
          fail(index + 1, "is no JSON object")
          continue
        }
        var fields: [ByteString: ByteString] = [:]
        for member in object.members {
          switch member.value {
          case .string(let text): fields[member.name] = text
          case .number(let number): fields[member.name] = ByteString(number.spelling)
          default: fields[member.name] = "?"
          }
        }
        if let stranger = fields.keys.filter({ !RatingLine.columns.contains($0) }).min() {
          fail(index + 1, "has a member \"\(stranger)\"; picture, kind, value, over and weight are known")
        } else {
          add(fields, line: index + 1)
        }
      } catch { fail(index + 1, "is no JSON: \(error)") }
    }
  }
}

extension [ByteString] {
  fileprivate func count(of name: ByteString) -> Int { filter { $0 == name }.count }
}
