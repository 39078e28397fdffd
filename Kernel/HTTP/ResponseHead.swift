// The head of a response (RFC 9112 §4), written into a ByteBuffer.
//
// Everything is appended in order; the caller adds its own lines between `begin` and `end`.
// Out of scope: chunked responses: every length is known before anything is sent.

import Base
import Bytes

extension TextWriter {
  /// Writes the status line and the Date line; `date` has the form of `HTTPDate`, and is empty where the server has no clock.
  public mutating func beginHead(_ status: HTTPStatus, date: Span<UInt8>) {
    if status.code == 200 {
      write("HTTP/1.1 200 OK\r\n")
    } else {
      write("HTTP/1.1 ")
      write(decimal: UInt64(status.code))
      write(" ")
      write(status.reason)
      write("\r\n")
    }
    if date.count > 0 {
      write("Date: ")
      write(date)
      write("\r\n")
    }
  }

  /// Writes one header line with a fixed value.
  public mutating func header(_ name: StaticString, _ value: StaticString) {
    write(name)
    write(": ")
    write(value)
    write("\r\n")
  }

  /// Writes one header line. `value` must be legal: no control character but HTAB.
  public mutating func header(_ name: StaticString, _ value: Span<UInt8>) {
    write(name)
    write(": ")
    write(value)
    write("\r\n")
  }

  /// Writes the lines that frame the message, and the empty line.
  ///
  /// `length` counts the body's bytes, which a response to HEAD has not but still tells; nil for a status that forbids a body (RFC 9110 §8.6).
  public mutating func endHead(length: Int?, connection: ConnectionOption) {
    if let length {
      write("Content-Length: ")
      write(decimal: UInt64(max(0, length)))
    }
    if length != nil { write("\r\n") }
    write(connection.line)
    write("\r\n")
  }
}

/// What a response says of the connection's future (RFC 9112 §9.3).
public enum ConnectionOption: Sendable, BitwiseCopyable {
  /// Nothing: HTTP/1.1 connections persist.
  case persist
  /// `keep-alive`, which an HTTP/1.0 client asked for.
  case keepAlive
  case close

  /// The header line that says it.
  public var line: StaticString {
    switch self {
    case .persist: ""
    case .keepAlive: "Connection: keep-alive\r\n"
    case .close: "Connection: close\r\n"
    }
  }
}
