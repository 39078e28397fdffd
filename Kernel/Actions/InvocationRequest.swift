// What one invocation is given: its input, argument strings and environment.
// Out of scope: which variables there are (the server's matter) and how they lie on the stack (InitialStack.swift).

public import Base
public import Bytes

/// One invocation's input. A legal value by construction: no string holds a zero byte, all are bounded together.
public struct InvocationRequest: ~Copyable, Sendable {
  /// Bytes that all argument and environment strings may have together, their terminating zeros included.
  public static var stringLimit: Int { 1 << 20 }

  /// Holds the bytes of fd 0, and perhaps others around them.
  public private(set) var input: ByteBuffer
  /// The bytes of `input` that are fd 0.
  public private(set) var body: Range<Int>
  /// argv strings, then environment strings, each ended by a zero byte.
  public private(set) var strings: ByteBuffer
  public private(set) var argumentCount = 0
  public private(set) var environmentCount = 0
  /// Bytes of the argv strings, their zero bytes included.
  public private(set) var argumentBytes = 0
  /// The invocation ends here at the latest, if the action's own time limit does not end it earlier.
  public var deadline: Instant = .distantFuture
  /// Loop mode: whether fd 0 is one line and its answer one line on fd 3, as in OpenWhisk's ActionLoop. Then the output is fd 3's, and
  /// what is written to fd 1 goes to the log; where nothing is written to fd 3, the output is fd 1's.
  public var answersOnResult = false

  /// `body` is cut to what lies inside `input`. `strings` is emptied; its memory is used again.
  public init(input: consuming ByteBuffer, body: Range<Int>, strings: consuming ByteBuffer = ByteBuffer()) {
    let end = input.count
    self.body = body.clamped(to: 0..<end)
    self.input = input
    strings.truncate(to: 0)
    self.strings = strings
  }

  /// Replaces the input; `body` is cut to what lies inside it.
  public mutating func setInput(_ input: consuming ByteBuffer, body: Range<Int>) {
    self.body = body.clamped(to: 0..<input.count)
    self.input = input
  }

  /// Whether argv[0] is all that the action is told beside its input.
  @inlinable
  public var isUsual: Bool { argumentCount == 1 && environmentCount == 0 }

  /// The bytes that fd 0 reads.
  public var standardInput: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { input.span.extracting(body) }
  }

  /// argv[0]; empty where there is none.
  public var name: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get {
      var end = 0
      if argumentCount > 0 { while strings.span[end] != 0 { end &+= 1 } }
      return strings.span.extracting(0..<end)
    }
  }

  /// Adds one argument; the first is argv[0], the action's name. False, and nothing changed, where it holds a zero byte,
  /// comes after an environment string, is past `stringLimit`, or memory is out.
  public mutating func addArgument(_ argument: Span<UInt8>) -> Bool {
    Self.isText(argument) && addArgument(checked: argument)
  }

  /// Adds the environment string `name=value`. False, and nothing changed, where either holds a zero byte, `name` an
  /// equals sign, the strings are past `stringLimit`, or memory is out.
  public mutating func addEnvironment(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
    guard Self.isText(name), Self.isText(value), name.count > 0 else { return false }
    for index in name.indices where name[index] == UInt8(ascii: "=") { return false }
    let mark = strings.count
    guard name.count < Self.stringLimit, value.count < Self.stringLimit,
      name.count &+ value.count &+ 2 <= Self.stringLimit - mark,
      strings.append(name), strings.append(UInt8(ascii: "=")), strings.append(value), strings.append(0)
    else {
      strings.truncate(to: mark)
      return false
    }
    environmentCount &+= 1
    return true
  }

  /// Adds `name=value` where the name is fixed text with neither zero byte nor equals sign.
  public mutating func addEnvironment(_ name: StaticString, _ value: Span<UInt8>) -> Bool {
    guard Self.isText(value) else { return false }
    let mark = strings.count
    guard value.count < Self.stringLimit,
      name.utf8CodeUnitCount &+ value.count &+ 2 <= Self.stringLimit - mark,
      strings.append(name), strings.append(UInt8(ascii: "=")), strings.append(value), strings.append(0)
    else {
      strings.truncate(to: mark)
      return false
    }
    environmentCount &+= 1
    return true
  }

  /// As `addArgument`, for text in which there is no zero byte: what the kernel wrote, or checked as JSON.
  public mutating func addArgument(checked argument: Span<UInt8>) -> Bool {
    let mark = strings.count
    guard environmentCount == 0, argument.count < Self.stringLimit - mark, strings.append(argument), strings.append(0) else {
      strings.truncate(to: mark)
      return false
    }
    argumentCount &+= 1
    argumentBytes = strings.count
    return true
  }

  /// Moves the strings out, so that `environment` more are written behind them by the kernel itself: each with a name, an equals sign and a
  /// zero byte at its end, and none before. `putStrings` must follow.
  @inline(__always)
  public mutating func takeStrings(for environment: Int) -> ByteBuffer {
    environmentCount &+= environment
    var taken = ByteBuffer()
    swap(&taken, &strings)
    return taken
  }

  /// Puts back what `takeStrings(for:)` took, with the strings added. False where they are past `stringLimit`.
  @inline(__always)
  public mutating func putStrings(_ strings: consuming ByteBuffer) -> Bool {
    self.strings = strings
    return self.strings.count <= Self.stringLimit
  }

  /// Adds all of `block`: environment strings, each ended by a zero byte. False, and nothing changed, where it does not end
  /// with one, or a string has no name or no equals sign, the strings are past `stringLimit`, or memory is out.
  public mutating func addEnvironment(block: borrowing ByteBuffer) -> Bool {
    let text = block.span
    var count = 0
    var hasName = false
    var start = 0
    for index in text.indices {
      if text[index] == UInt8(ascii: "="), index > start { hasName = true }
      guard text[index] == 0 else { continue }
      guard hasName else { return false }
      hasName = false
      start = index &+ 1
      count &+= 1
    }
    guard start == text.count, text.count <= Self.stringLimit - strings.count, strings.append(text) else { return false }
    environmentCount &+= count
    return true
  }

  /// Moves the input buffer out, so that its memory is used again; fd 0 is empty from then on.
  public mutating func takeInput() -> ByteBuffer {
    var taken = ByteBuffer()
    swap(&taken, &input)
    body = 0..<0
    return taken
  }

  /// Moves the strings' buffer out, so that its memory is used again; argc and the environment are empty from then on.
  public mutating func takeStrings() -> ByteBuffer {
    var taken = ByteBuffer()
    swap(&taken, &strings)
    argumentCount = 0
    argumentBytes = 0
    environmentCount = 0
    return taken
  }

  private static func isText(_ bytes: Span<UInt8>) -> Bool {
    for index in bytes.indices where bytes[index] == 0 { return false }
    return true
  }
}
