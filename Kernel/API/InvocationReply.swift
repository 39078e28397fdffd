// The head of a successful invocation's reply, written before the action runs: its output is appended to the same
// buffer, so that the whole reply is one run of bytes, and the length is filled in afterwards.
//
// For the common request, with no identifier of the client's and a connection that persists, the head is a copy of
// a prepared one with two identifiers stored into it, of the second its first half.

import Base
public import Bytes
public import HTTP
public import Records

/// A reply whose body is still to be appended.
public struct InvocationReply: ~Copyable {
  /// The head, then the action's output.
  public var buffer: ByteBuffer
  /// Bytes of the head.
  public private(set) var headLength: Int
  /// Where the digits of Content-Length go, right-aligned: white space before a value is legal (RFC 9112 §5).
  private var lengthField: Int

  /// Bytes that the action wrote.
  @inlinable
  public var outputLength: Int { buffer.count &- headLength }

  /// A reply that is only to take up output: what is sent for it is made of that.
  public init() {
    buffer = ByteBuffer()
    headLength = 0
    lengthField = 0
  }

  /// Begins with a head; false where memory was out for it.
  fileprivate mutating func begin(_ buffer: consuming ByteBuffer?, headLength: Int, lengthField: Int) -> Bool {
    guard let buffer else { return false }
    self.buffer = buffer
    self.headLength = headLength
    self.lengthField = lengthField
    return true
  }

  /// Moves out what there is: of a reply with no head, what the action wrote.
  @inline(__always)
  public mutating func takeBuffer() -> ByteBuffer {
    var taken = ByteBuffer()
    swap(&taken, &buffer)
    return taken
  }

  /// Fills in the length and moves the message out; drops the output for a response to HEAD.
  public mutating func finish(isHead: Bool) -> ByteBuffer {
    var rest = UInt64(max(0, outputLength))
    if isHead { buffer.truncate(to: headLength) }
    let first = lengthField
    var at = first &+ InvocationReplies.lengthWidth
    var bytes = buffer.mutableSpan
    repeat {
      at &-= 1
      bytes[at] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0 && at > first
    return takeBuffer()
  }
}

/// Makes the heads.
public struct InvocationReplies: ~Copyable {
  static let lengthWidth = 12
  /// Room made for output at once.
  static let outputRoom = 768

  private var prepared = ByteBuffer()
  private var requestPosition = 0
  private var activationPosition = 0
  private var lengthPosition = 0
  /// The second that the prepared head shows.
  private var preparedSecond: UInt64 = 0
  /// And the second half of its activation's identifier, which is the same for all.
  private var preparedBoot: UInt64 = 0

  public init() {}

  /// Begins `reply` with the head for the common request; false where memory is out. `date` shows `second`, or was never set.
  public mutating func beginCommon(
    _ reply: inout InvocationReply, requestNumber: UInt64, activation: ActivationID, second: UInt64, date: borrowing HTTPDate
  ) -> Bool {
    if prepared.isEmpty || second != preparedSecond || activation.low != preparedBoot {
      guard prepare(activation, date) else { return false }
      preparedSecond = second
      preparedBoot = activation.low
    }
    guard var buffer = ByteBuffer(capacity: prepared.count &+ Self.outputRoom), buffer.append(prepared.span) else { return false }
    var bytes = buffer.mutableSpan
    bytes.store(hex: requestNumber, at: requestPosition)
    bytes.store(hex: activation.high, at: activationPosition)
    return reply.begin(buffer, headLength: prepared.count, lengthField: lengthPosition)
  }

  @inline(never)
  private mutating func prepare(_ activation: ActivationID, _ date: borrowing HTTPDate) -> Bool {
    var writer = TextWriter(capacity: 320)
    writer.beginHead(.ok, date: date.span)
    writer.write("Content-Type: application/octet-stream\r\nX-Request-ID: ")
    requestPosition = writer.buffer.count
    writer.write("0000000000000000\r\nx-openwhisk-activation-id: ")
    activationPosition = writer.buffer.count
    activation.write(into: &writer)
    writer.write("\r\nContent-Length: ")
    lengthPosition = writer.buffer.count
    writer.write("            \r\n\r\n")
    guard !writer.isBroken else { return false }
    prepared = writer.finish()
    return true
  }

  /// Begins `reply` with the head for any request; false where memory is out.
  @_optimize(size) @inline(never)
  public static func begin(_ reply: inout InvocationReply, _ context: borrowing ReplyContext, activation: ActivationID) -> Bool {
    var writer = TextWriter(capacity: 384 &+ Self.outputRoom)
    writer.beginHead(.ok, date: context.date.span)
    writer.header("Content-Type", "application/octet-stream")
    writer.header("X-Request-ID", context.id.span)
    activation.writeHeader(into: &writer)
    writer.write("Content-Length: ")
    let lengthPosition = writer.buffer.count
    writer.write("            \r\n")
    writer.endHead(length: nil, connection: context.connection)
    guard !writer.isBroken else { return false }
    let headLength = writer.buffer.count
    return reply.begin(writer.finish(), headLength: headLength, lengthField: lengthPosition)
  }
}
