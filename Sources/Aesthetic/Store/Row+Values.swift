import GRDB

/// A value of another type than its column has, which only a damaged or forged file contains.
struct DamagedValue: Error {
  let column: String
}

extension Row {
  /// The value in `column`. GRDB's own subscript would trap where a damaged file has something else there.
  func value<Value: DatabaseValueConvertible>(_ column: String) throws(DamagedValue) -> Value {
    guard let value = Value.fromDatabaseValue(self[column]) else { throw DamagedValue(column: column) }
    return value
  }

  /// The value in `column`, which may be NULL.
  func optional<Value: DatabaseValueConvertible>(_ column: String) throws(DamagedValue) -> Value? {
    let stored: DatabaseValue = self[column]
    if stored.isNull { return nil }
    return try value(column)
  }
}
