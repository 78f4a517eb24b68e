package import Foundation

/// A person's taste under a name.
package struct Profile: Sendable, Hashable {
  /// Its number in the database.
  let id: Int64
  /// What it is called.
  package let name: String
  /// What its owner has written about it.
  package let notes: String
  /// When it was made.
  package let made: Date
}

/// What a profile may be called.
package struct ProfileName: Sendable, Hashable, CustomStringConvertible {
  /// The name, in composed form: what looks the same is the same.
  package let description: String

  /// A name of 1 to 100 characters, none of which is a colon or a slash, nor white space at the ends; nil for anything
  /// else.
  package init?(_ text: String) {
    let name = text.precomposedStringWithCanonicalMapping
    let isPrintable = name.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
      default: scalar != ":" && scalar != "/"
      }
    }
    guard isPrintable, (1...100).contains(name.unicodeScalars.count), !name.hasPrefix("-"),
      name.first?.isWhitespace == false, name.last?.isWhitespace == false
    else { return nil }
    description = name
  }
}
