// Control messages (RFC 792): echo, and the one error that is sent. Errors that arrive are ignored: nothing
// that an off-path sender can forge ends a connection (RFC 5927).

import Bytes

/// What is done about a message that arrived.
enum ICMPMessage: Equatable {
  /// An echo request, to be answered with the same bytes.
  case echoRequest
  /// Legal, and of no interest.
  case ignored

  static let headerSize = 8
  static let echoReplyType: UInt8 = 0
  static let echoRequestType: UInt8 = 8
  static let unreachableType: UInt8 = 3
  static let portUnreachableCode: UInt8 = 3

  /// Nil where the message is too short or its checksum is wrong.
  init?(parsing bytes: Span<UInt8>) {
    guard bytes.count >= Self.headerSize else { return nil }
    var sum = InternetChecksum()
    sum.add(bytes)
    guard sum.isValid else { return nil }
    self = bytes[0] == Self.echoRequestType && bytes[1] == 0 ? .echoRequest : .ignored
  }

  /// Turns the echo request of `length` bytes at byte `offset` into its reply.
  static func makeEchoReply(_ bytes: inout MutableSpan<UInt8>, at offset: Int, length: Int) {
    bytes[offset] = echoReplyType
    writeChecksum(&bytes, at: offset, length: length)
  }

  /// Stores the head of a port unreachable message of `length` bytes; the datagram it is about is already in place at
  /// `offset` + 8.
  static func makePortUnreachable(_ bytes: inout MutableSpan<UInt8>, at offset: Int, length: Int) {
    bytes[offset] = unreachableType
    bytes[offset &+ 1] = portUnreachableCode
    bytes.storeBE32(0, at: offset &+ 4)
    writeChecksum(&bytes, at: offset, length: length)
  }

  private static func writeChecksum(_ bytes: inout MutableSpan<UInt8>, at offset: Int, length: Int) {
    bytes.storeBE16(0, at: offset &+ 2)
    var sum = InternetChecksum()
    sum.add(bytes.span.extracting(offset..<offset &+ length))
    bytes.storeBE16(sum.checksum, at: offset &+ 2)
  }
}
