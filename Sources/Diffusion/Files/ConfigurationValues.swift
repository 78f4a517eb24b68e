import Files

/// Reads and checks the values of a diffusers config.json.
struct ConfigurationValues {
  let file: ConfigurationFile

  /// Throws if the file says that it is for another class.
  func checkClass(_ name: String) throws(FileError) {
    guard let found = file["_class_name"]?.string, found != ByteString(name) else { return }
    throw file.error("is the configuration of \"\(found)\"; \(name) was expected")
  }

  /// A whole number from 1 to `most`.
  func size(_ name: ByteString, default: Int, most: Int = 1 << 16) throws(FileError) -> Int {
    guard let value = value(name) else { return `default` }
    guard let size = value.integer, (1...most).contains(size) else {
      throw file.error("\"\(name)\" is not a whole number from 1 to \(most)")
    }
    return size
  }

  /// Whole numbers above 0, one or a list; nil where they are left out.
  func sizes(_ name: ByteString) throws(FileError) -> [Int]? {
    guard let value = value(name) else { return nil }
    let numbers = value.array ?? [value]
    let sizes = numbers.compactMap(\.integer).filter { (1...1 << 16).contains($0) }
    guard sizes.count == numbers.count, (1...16).contains(sizes.count) else {
      throw file.error("\"\(name)\" is not a list of whole numbers from 1 to 65536")
    }
    return sizes
  }

  /// So many names; nil where they are left out.
  func names(_ name: ByteString, count: Int) throws(FileError) -> [String]? {
    guard let value = value(name) else { return nil }
    let names = (value.array ?? []).compactMap { $0.string?.string }
    guard names.count == count, value.array?.count == count else {
      throw file.error("\"\(name)\" is not a list of \(count) names")
    }
    return names
  }

  /// A finite number.
  func number(_ name: ByteString, default: Double) throws(FileError) -> Double {
    guard let value = value(name) else { return `default` }
    guard let number = value.double, number.isFinite else { throw file.error("\"\(name)\" is not a number") }
    return number
  }

  /// Throws if one of these is given and has another value: the model would compute something else.
  func check(_ expected: KeyValuePairs<ByteString, JSON>) throws(FileError) {
    for (name, expected) in expected {
      guard let found = value(name), found != expected else { continue }
      throw file.error("\"\(name)\" has a value that Stable Diffusion 1.x has not")
    }
  }

  /// The same for numbers, which can be spelled in several ways.
  func check(numbers expected: KeyValuePairs<ByteString, Double>) throws(FileError) {
    for (name, expected) in expected {
      guard let found = value(name), found.double != expected else { continue }
      throw file.error("\"\(name)\" is not \(expected), as in Stable Diffusion 1.x")
    }
  }

  /// The value, or nil where it is left out or null.
  private func value(_ name: ByteString) -> JSON? {
    let value = file[name]
    return value == .null ? nil : value
  }
}
