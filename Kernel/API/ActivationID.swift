// Identifiers of invocations, 32 hexadecimal digits as in OpenWhisk, and of requests: both from one generator.

public import Base
import Bytes
import HTTP

/// Names one invocation.
public struct ActivationID: Equatable, Sendable, BitwiseCopyable {
  public let high: UInt64
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The identifier that `text` is: 32 hexadecimal digits; nil for all else.
  @_optimize(size) @inline(never)
  public init?(parsing text: Span<UInt8>) {
    guard text.count == 32 else { return nil }
    var words: [2 of UInt64] = [0, 0]
    for index in text.indices {
      guard let digit = ASCII.hexValue(text[index]) else { return nil }
      words[index / 16] = words[index / 16] << 4 | UInt64(digit)
    }
    high = words[0]
    low = words[1]
  }

  /// Writes the 32 digits.
  @inline(never)
  public func write(into writer: inout TextWriter) {
    writer.write(hex: high, width: 16)
    writer.write(hex: low, width: 16)
  }

  func writeHeader(into writer: inout TextWriter) {
    writer.write("x-openwhisk-activation-id: ")
    write(into: &writer)
    writer.write("\r\n")
  }
}

/// Makes identifiers that do not repeat in practice: SplitMix64 (Steele, Lea, Flood 2014). They are names, not secrets.
public struct IdentifierGenerator: Sendable, BitwiseCopyable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  public mutating func nextActivation() -> ActivationID { ActivationID(high: next(), low: next()) }
}
