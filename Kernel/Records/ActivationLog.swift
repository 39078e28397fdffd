// The log of an action's invocation: what it wrote to its two streams, in order, with times; and the lines that this makes.
//
// Each piece has 16 bytes before it: nanoseconds since the start (8, little-endian), length (4), stream (4). A line may be made of several pieces
// of one stream, with pieces of the other between them.

public import Actions
public import Base
import Bytes

extension LogStream {
  var text: StaticString { self == .output ? " stdout: " : " stderr: " }
}

/// A log in the making.
public struct ActivationLog: ~Copyable, Sendable {
  static var headerLength: Int { 16 }

  private var bytes = ByteBuffer()

  public init() {}

  /// What `ActivationStore.append` takes.
  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { bytes.span }
  }

  /// Adds what was written `offset` after the start; false, and nothing changed, where memory is out.
  @_optimize(size)
  public mutating func add(_ stream: LogStream, at offset: Interval, _ text: Span<UInt8>) -> Bool {
    guard !text.isEmpty else { return true }
    guard text.count <= Int(Int32.max), bytes.reserve(bytes.count &+ Self.headerLength &+ text.count) else { return false }
    return bytes.append(littleEndian: UInt32(truncatingIfNeeded: offset.nanoseconds))
      && bytes.append(littleEndian: UInt32(truncatingIfNeeded: offset.nanoseconds >> 32))
      && bytes.append(littleEndian: UInt32(text.count)) && bytes.append(littleEndian: UInt32(stream.rawValue)) && bytes.append(text)
  }
}

/// Walks over the pieces of a log.
struct LogPieces {
  private(set) var position = 0
  private(set) var offset: UInt64 = 0
  private(set) var stream: LogStream = .output
  /// The piece's bytes.
  private(set) var range = 0..<0

  init(from position: Int = 0) { self.position = position }

  /// Goes to the next piece; false at the end.
  mutating func advance(in log: Span<UInt8>) -> Bool {
    guard log.count &- position >= ActivationLog.headerLength else { return false }
    let start = position &+ ActivationLog.headerLength
    let length = Int(log.loadLE32(position &+ 8))
    guard length <= log.count &- start else { return false }
    offset = log.loadLE64(position)
    stream = LogStream(rawValue: UInt8(truncatingIfNeeded: log.loadLE32(position &+ 12))) ?? .error
    range = start..<start &+ length
    position = range.upperBound
    return true
  }
}

/// Writes logs as OpenWhisk shows them.
struct LogLines {
  private let start: UInt64
  /// Up to where the bytes of each stream were written.
  private var done = (output: 0, error: 0)
  private var isFirst = true

  /// `start` is the activation's, in nanoseconds since 1970.
  init(start: UInt64) { self.start = start }

  /// Writes an array of strings, `TIME STREAM: LINE`; the time of a line is that of its first byte. Linear in the log's length.
  @_optimize(size)
  mutating func write(_ log: Span<UInt8>, into text: inout TextWriter) {
    text.write("[")
    var pieces = LogPieces()
    while pieces.advance(in: log) {
      var at = max(pieces.range.lowerBound, pieces.stream == .output ? done.output : done.error)
      while at < pieces.range.upperBound { at = writeLine(log, pieces, at, into: &text) }
    }
    text.write("]")
  }

  /// Writes the line that begins at `at` of the piece; returns where the stream goes on.
  private mutating func writeLine(_ log: Span<UInt8>, _ first: LogPieces, _ at: Int, into text: inout TextWriter) -> Int {
    var line = TextWriter()
    line.write { (buffer: inout ByteBuffer) in buffer.append(timestamp: start &+ first.offset) }
    line.write(first.stream.text)
    var pieces = first
    var from = at
    while true {
      let end = log.endOfLine(from..<pieces.range.upperBound)
      line.write(log.extracting(from..<end))
      from = end &+ 1
      if end < pieces.range.upperBound { break }
      // The line goes on in the stream's next piece, if there is one.
      from = end
      var isEnd = false
      repeat { isEnd = !pieces.advance(in: log) } while !isEnd && pieces.stream != first.stream
      if isEnd { break }
      from = pieces.range.lowerBound
    }
    if first.stream == .output { done.output = from } else { done.error = from }
    if !isFirst { text.write(",") }
    isFirst = false
    text.write(json: line.buffer.span.withoutReturn)
    if line.isBroken { text.fail() }
    return from
  }

  /// As `write`, for a log whose lines are shown as they are.
  @_optimize(size)
  static func writePlain(_ log: Span<UInt8>, into text: inout TextWriter) {
    text.write("[")
    var at = 0
    while at < log.count {
      let end = log.endOfLine(at..<log.count)
      if at > 0 { text.write(",") }
      text.write(json: log.extracting(at..<end))
      at = end &+ 1
    }
    text.write("]")
  }
}

extension Span where Element == UInt8 {
  /// The place of the first LF in `range`, or its end.
  fileprivate func endOfLine(_ range: Range<Int>) -> Int {
    var at = range.lowerBound
    while at < range.upperBound, self[at] != 0x0a { at &+= 1 }
    return at
  }

  /// Without the CR that many systems end lines with before LF.
  fileprivate var withoutReturn: Span<UInt8> {
    @_lifetime(copy self)
    get { !isEmpty && self[count &- 1] == 0x0d ? extracting(0..<count &- 1) : self }
  }
}
