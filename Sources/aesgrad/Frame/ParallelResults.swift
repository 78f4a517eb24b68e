import Files
import Synchronization
import TensorKit

/// The results of `body` for 0..<`count`, several at a time.
func parallelResults<Value: Sendable>(
  _ count: Int, _ body: @Sendable (Int) throws(FileError) -> Value
) -> [Result<Value, FileError>] {
  let slots = Mutex([Int: Result<Value, FileError>]())
  parallel(count) { range in
    for index in range {
      let result = Result { () throws(FileError) in try body(index) }
      slots.withLock { $0[index] = result }
    }
  }
  return slots.withLock { slots in (0..<count).compactMap { slots[$0] } }
}
