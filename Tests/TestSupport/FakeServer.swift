import Foundation
import Glibc
import Synchronization

/// A server on loopback that answers as it is told.
package final class FakeServer: Sendable {
  package struct Request: Sendable {
    /// Such as "POST /prompt".
    package let line: String
    package let headers: String
    package let body: [UInt8]

    package var json: [String: Any]? { try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] }
  }

  /// What it does with a question.
  package enum Answer: Sendable {
    /// Sends a whole answer with this status.
    case body([UInt8], status: String = "200 OK", headers: [String] = [])
    /// Sends these bytes as they are.
    case raw([UInt8])
    /// Says nothing for so many seconds.
    case silence(Double)
  }

  package let port: UInt16
  private let descriptor: CInt
  private let seen = Mutex<[Request]>([])

  /// All questions so far.
  package var requests: [Request] { seen.withLock { $0 } }
  package var address: String { "http://127.0.0.1:\(port)" }

  package init(_ answer: @escaping @Sendable (Request) -> Answer) {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        _ = unsafe bind(descriptor, pointer, length)
        _ = unsafe getsockname(descriptor, pointer, &length)
      }
    }
    listen(descriptor, 8)
    (self.descriptor, port) = (descriptor, UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [weak self] in
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else {
          close(descriptor)
          return
        }
        if let request = Self.read(connection) {
          self?.seen.withLock { $0.append(request) }
          Self.send(answer(request), connection)
        }
        close(connection)
      }
    }
  }

  // The thread closes it: the number might be another socket's by then.
  deinit { shutdown(descriptor, CInt(SHUT_RDWR)) }

  private static func read(_ connection: CInt) -> Request? {
    var bytes: [UInt8] = []
    while true {
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let count = unsafe recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer.prefix(count)
      let text = String(decoding: bytes, as: UTF8.self)
      guard let end = text.range(of: "\r\n\r\n") else { continue }
      let head = String(text[..<end.lowerBound])
      let length =
        head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) } ?? 0
      let start = head.utf8.count + 4
      guard bytes.count >= start + length else { continue }
      let line = head.prefix { $0 != "\r\n" }.split(separator: " ").prefix(2).joined(separator: " ")
      return Request(line: line, headers: head, body: Array(bytes[start...]))
    }
  }

  private static func send(_ answer: Answer, _ connection: CInt) {
    switch answer {
    case .body(let body, let status, let headers):
      let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.count)"] + headers
      write(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body, connection)
    case .raw(let bytes): write(bytes, connection)
    case .silence(let seconds): Thread.sleep(forTimeInterval: seconds)
    }
  }

  private static func write(_ bytes: [UInt8], _ connection: CInt) {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.send(connection, buffer.baseAddress?.advanced(by: sent), buffer.count - sent, CInt(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }
}
