// The head of a successful invocation's reply, written before the action runs: its output is appended to the same
// buffer, so that the whole reply is one run of bytes, and the length is filled in afterwards.
//
// For the common request, with no identifier of the client's and a connection that persists, the head is a copy of
// a prepared one with one number stored into it twice: the request's, which is the first half of the activation's identifier, too.

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

  /// Begins with a head.
  @inline(__always)
  fileprivate mutating func begin(_ buffer: consuming ByteBuffer, headLength: Int, lengthField: Int) {
    self.buffer = buffer
    self.headLength = headLength
    self.lengthField = lengthField
  }

  /// Moves out what there is: of a reply with no head, what the action wrote.
  @inline(__always)
  public mutating func takeBuffer() -> ByteBuffer {
    var taken = ByteBuffer()
    swap(&taken, &buffer)
    return taken
  }

  /// Fills the length in in `message`, which `takeBuffer` moved out; drops the output for a response to HEAD.
  @inline(__always)
  public mutating func finish(_ message: consuming ByteBuffer, isHead: Bool) -> ByteBuffer {
    var rest = UInt64(max(0, message.count &- headLength))
    if isHead { message.truncate(to: headLength) }
    let first = lengthField
    var at = first &+ InvocationReplies.lengthWidth
    var bytes = message.mutableSpan
    repeat {
      at &-= 1
      bytes[at] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0 && at > first
    return message
  }
}

/// Makes the heads.
public struct InvocationReplies: ~Copyable {
  static let lengthWidth = 12
  /// Of a request's number.
  private static let digits = 16
  /// Room made for output at once.
  static let outputRoom = 768

  /// Memory that is used again stays within this: what is kept for the next reply is not to be missed elsewhere.
  private static let mostSpare = 4096

  private var prepared = ByteBuffer()
  /// Memory for the next reply.
  private var spare = ByteBuffer()
  private var requestPosition = 0
  private var activationPosition = 0
  private var lengthPosition = 0

  public init() {}

  /// Whether there is a head for common requests.
  @inline(__always)
  public var isPrepared: Bool { !prepared.isEmpty }

  /// The head for common requests is out of date.
  public mutating func forget() { prepared.truncate(to: 0) }

  /// Makes the head for common requests anew, for `date`, and for activations whose identifier's second half is that of `activation`; false
  /// where memory is out.
  @_optimize(size) @inline(never)
  public mutating func prepare(_ activation: ActivationID, _ date: borrowing HTTPDate) -> Bool {
    prepared.truncate(to: 0)
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

  /// Takes the memory of a request that was answered, for the next reply.
  @inline(__always)
  public mutating func recycle(_ memory: consuming ByteBuffer) {
    guard spare.capacity == 0, memory.capacity <= Self.mostSpare else { return }
    memory.truncate(to: 0)
    spare = memory
  }

  /// Begins `reply` with the head for the common request, which must be prepared; false where memory is out. The request's number is the first
  /// half of the activation's identifier.
  @inline(__always)
  public mutating func beginCommon(_ reply: inout InvocationReply, _ activation: ActivationID) -> Bool {
    var buffer = ByteBuffer()
    swap(&buffer, &spare)
    guard buffer.reserve(prepared.count &+ Self.outputRoom), buffer.append(prepared.span) else { return false }
    var bytes = buffer.mutableSpan
    bytes.store(hex: activation.high, at: requestPosition, and: activationPosition)
    reply.begin(buffer, headLength: prepared.count, lengthField: lengthPosition)
    return true
  }

  /// As `beginCommon`, for a client that sent an identifier of its own, or is told what becomes of the connection; `id` is empty where the
  /// request's number stands for it. The head must be prepared.
  @inline(never)
  public mutating func begin(
    _ reply: inout InvocationReply, _ activation: ActivationID, id: Span<UInt8>, _ connection: ConnectionOption
  ) -> Bool {
    var buffer = ByteBuffer()
    swap(&buffer, &spare)
    // The head ends with an empty line, before which a line may come.
    let end = prepared.count &- 2
    let afterID = requestPosition &+ Self.digits
    let moved = id.count > 0 ? id.count &- Self.digits : 0
    guard buffer.reserve(prepared.count &+ Self.outputRoom),
      id.count > 0
        ? buffer.append(prepared.span.extracting(0..<requestPosition)) && buffer.append(id)
          && buffer.append(prepared.span.extracting(afterID..<end))
        : buffer.append(prepared.span.extracting(0..<end)),
      buffer.append(connection.line), buffer.append("\r\n")
    else { return false }
    let headLength = buffer.count
    var bytes = buffer.mutableSpan
    let place = activationPosition &+ moved
    bytes.store(hex: activation.high, at: id.count > 0 ? place : requestPosition, and: place)
    reply.begin(buffer, headLength: headLength, lengthField: lengthPosition &+ moved)
    return true
  }
}
