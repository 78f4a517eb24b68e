import Files
import Glibc
import SystemPackage

/// A connection to a server. Waiting is cut into pieces, between which `check` may throw.
struct Connection: ~Copyable {
  private let descriptor: CInt
  private let address: ServerAddress
  private let check: () throws -> Void

  /// How long a piece of waiting is, in milliseconds.
  private static let piece = 100

  /// Connects to `address`, within so many seconds.
  init(_ address: ServerAddress, patience: Double, check: @escaping () throws -> Void) throws {
    (self.address, self.check) = (address, check)
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = unsafe getaddrinfo(address.host, "\(address.port)", &hints, &list)
    guard status == 0 else {
      throw FileError(
        .missing, address.path, "is an address that is not known (\(unsafe String(cString: gai_strerror(status))))")
    }
    defer { unsafe freeaddrinfo(list) }
    var failure = Errno.connectionRefused
    var next = unsafe list
    while let entry = unsafe next {
      unsafe next = entry.pointee.ai_next
      let kind = unsafe entry.pointee.ai_socktype | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
      let opened = unsafe socket(entry.pointee.ai_family, kind, entry.pointee.ai_protocol)
      guard opened >= 0 else { continue }
      let begun = unsafe connect(opened, entry.pointee.ai_addr, entry.pointee.ai_addrlen)
      if begun == 0 || errno == EINPROGRESS {
        do {
          try Self.wait(opened, for: CInt(POLLOUT), patience, check)
          var error: CInt = 0
          var length = socklen_t(MemoryLayout<CInt>.size)
          unsafe getsockopt(opened, SOL_SOCKET, SO_ERROR, &error, &length)
          if error == 0 {
            descriptor = opened
            return
          }
          failure = Errno(rawValue: error)
        } catch is TimedOut {
          failure = .timedOut
        } catch {
          close(opened)
          throw error
        }
      } else {
        failure = Errno(rawValue: errno)
      }
      close(opened)
    }
    throw FileError(
      .readWrite, address.path, "cannot be reached (\(failure))",
      hint: "is the server running, with its API switched on?")
  }

  deinit { close(descriptor) }

  /// Sends all of `bytes`; no piece may take longer than `patience` seconds.
  func send(_ bytes: [UInt8], patience: Double) throws {
    var sent = 0
    while sent < bytes.count {
      try wait(for: CInt(POLLOUT), patience)
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.send(descriptor, buffer.baseAddress?.advanced(by: sent), buffer.count - sent, CInt(MSG_NOSIGNAL))
      }
      if count < 0, errno == EAGAIN || errno == EINTR { continue }
      guard count > 0 else { throw broken() }
      sent += count
    }
  }

  /// The next bytes, after at most `patience` seconds; none at the end.
  func receive(patience: Double) throws -> [UInt8] {
    while true {
      try wait(for: CInt(POLLIN), patience)
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
      if count < 0, errno == EAGAIN || errno == EINTR { continue }
      guard count >= 0 else { throw broken() }
      return Array(buffer.prefix(count))
    }
  }

  private func broken() -> FileError {
    FileError(.readWrite, address.path, "broke the connection (\(Errno(rawValue: errno)))")
  }

  private struct TimedOut: Error {}

  private func wait(for event: CInt, _ patience: Double) throws {
    do { try Self.wait(descriptor, for: event, patience, check) } catch is TimedOut {
      throw FileError(.readWrite, address.path, "did not answer within \(Int(patience.rounded(.up))) seconds")
    }
  }

  private static func wait(_ descriptor: CInt, for event: CInt, _ patience: Double, _ check: () throws -> Void) throws {
    let end = ContinuousClock.now + .seconds(patience)
    while true {
      try check()
      var request = pollfd(fd: descriptor, events: Int16(event), revents: 0)
      if unsafe poll(&request, 1, CInt(piece)) > 0 { return }
      if ContinuousClock.now >= end { throw TimedOut() }
    }
  }
}
