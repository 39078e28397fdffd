// Text written piece by piece into a ByteBuffer, and JSON strings (RFC 8259 §7).

public import Bytes

/// Appends to a buffer and remembers whether memory was ever out, so that writers need no test at each step.
///
/// Its methods are not inlined: there are hundreds of calls, and none where instructions count.
public struct TextWriter: ~Copyable {
  public private(set) var buffer: ByteBuffer
  /// Whether a piece was lost because memory was out; the text is then useless.
  public private(set) var isBroken = false

  public init() { buffer = ByteBuffer() }

  /// A writer that goes on behind what `buffer` holds.
  public init(_ buffer: consuming ByteBuffer) { self.buffer = buffer }

  /// Room for `capacity` bytes is made at once.
  public init(capacity: Int) {
    buffer = ByteBuffer()
    isBroken = !buffer.reserve(capacity)
  }

  /// Makes the text useless, where a piece of it was lost before it came here.
  public mutating func fail() { isBroken = true }

  /// The buffer, to send.
  public consuming func finish() -> ByteBuffer { buffer }

  @inline(never)
  public mutating func write(_ text: StaticString) {
    if !buffer.append(text) { isBroken = true }
  }

  @inline(never)
  public mutating func write(_ bytes: Span<UInt8>) {
    if !buffer.append(bytes) { isBroken = true }
  }

  @inline(never)
  public mutating func write(_ byte: UInt8) {
    if !buffer.append(byte) { isBroken = true }
  }

  @inline(never)
  public mutating func write(decimal value: UInt64) {
    if !buffer.append(decimal: value) { isBroken = true }
  }

  @inline(never)
  public mutating func write(hex value: UInt64, width: Int = 1) {
    if !buffer.append(hex: value, width: width) { isBroken = true }
  }

  /// Lets `body` append to the buffer; it returns false where memory is out.
  public mutating func write(_ body: (inout ByteBuffer) -> Bool) {
    if !body(&buffer) { isBroken = true }
  }

  /// Writes `bytes` as a JSON string with its quotes. Bytes that are no UTF-8 (RFC 3629) become U+FFFD, so that the text is always legal JSON.
  @_optimize(size) @inline(never)
  public mutating func write(json bytes: Span<UInt8>) {
    write(0x22)
    var plain = 0
    var at = 0
    while at < bytes.count {
      let byte = bytes[at]
      let length = byte < 0x80 ? 1 : UTF8Sequence.length(bytes, at: at)
      if byte >= 0x20 && byte != 0x22 && byte != 0x5c && length > 0 {
        at &+= length
        continue
      }
      write(bytes.extracting(plain..<at))
      if length == 0 { write("\\ufffd") } else { writeEscape(byte) }
      at &+= 1
      plain = at
    }
    write(bytes.extracting(plain..<at))
    write(0x22)
  }

  private mutating func writeEscape(_ byte: UInt8) {
    switch byte {
    case 0x22: write("\\\"")
    case 0x5c: write("\\\\")
    case 0x08: write("\\b")
    case 0x09: write("\\t")
    case 0x0a: write("\\n")
    case 0x0c: write("\\f")
    case 0x0d: write("\\r")
    default:
      write("\\u")
      write(hex: UInt64(byte), width: 4)
    }
  }
}

/// UTF-8 (RFC 3629 §4).
public enum UTF8Sequence {
  /// Bytes of the well-formed sequence that begins at `position`; 0 where none does.
  public static func length(_ bytes: Span<UInt8>, at position: Int) -> Int {
    let first = bytes[position]
    let length: Int
    var low: UInt8 = 0x80
    var high: UInt8 = 0xbf
    switch first {
    case 0..<0x80: return 1
    case 0xc2...0xdf: length = 2
    case 0xe0...0xef:
      length = 3
      if first == 0xe0 { low = 0xa0 }
      if first == 0xed { high = 0x9f }
    case 0xf0...0xf4:
      length = 4
      if first == 0xf0 { low = 0x90 }
      if first == 0xf4 { high = 0x8f }
    default: return 0
    }
    guard length <= bytes.count &- position else { return 0 }
    guard bytes[position &+ 1] >= low, bytes[position &+ 1] <= high else { return 0 }
    for offset in 2..<max(2, length) where bytes[position &+ offset] & 0xc0 != 0x80 { return 0 }
    return length
  }
}
